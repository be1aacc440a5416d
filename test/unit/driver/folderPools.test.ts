// Which pool serves a folder, on a daemon made by hand. With a real one: test/libvirtd/hostFiles.
import assert from 'node:assert/strict';
import { FolderPools, NoFolder } from '../../../src/driver/files/folderPools.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import { silentLog } from '../../silentLog.js';

const folder = '/mnt/images';
const noPool = new LibvirtError('storagePoolLookupByTargetPath', {
  code: errorCodes.VIR_ERR_NO_STORAGE_POOL,
  domain: 0,
  message: 'none',
  level: 2,
  dom: null,
  str1: null,
  str2: null,
  str3: null,
  int1: 0,
  int2: 0,
  net: null,
} as unknown as ConstructorParameters<typeof LibvirtError>[1]);

/** Has one inactive pool over the folder, and tells what it was asked to do. */
function daemonWith(type: string): { readonly pools: FolderPools; readonly calls: string[] } {
  const calls: string[] = [];
  const pool = { name: 'theirs', uuid: Buffer.alloc(16) };
  const answers: Readonly<Record<string, unknown>> = {
    connectListAllStoragePools: { pools: [pool] },
    storagePoolGetXmlDesc: { xml: `<pool type='${type}'><target><path>${folder}</path></target></pool>` },
  };
  const connection = {
    call: (name: string) => {
      calls.push(name);
      return name === 'storagePoolLookupByTargetPath' ? Promise.reject(noPool) : Promise.resolve(answers[name] ?? {});
    },
  };
  const pools = new FolderPools(
    () => Promise.resolve(connection as unknown as Connection),
    () => undefined,
    silentLog,
  );
  return { pools, calls };
}

describe('the storage pool of a folder', () => {
  it('is an inactive one over a plain folder, for as long as it is needed', async () => {
    const { pools, calls } = daemonWith('dir');
    assert.equal(await pools.use(folder, ({ pool }) => Promise.resolve(pool.name)), 'theirs');
    assert.ok(calls.includes('storagePoolCreate'));
    assert.ok(calls.includes('storagePoolDestroy'));
  });

  for (const type of ['netfs', 'fs', 'logical']) {
    it(`is never started where that is more than to look into a folder: ${type}`, async () => {
      const { pools, calls } = daemonWith(type);
      await assert.rejects(
        pools.use(folder, () => Promise.resolve()),
        NoFolder,
      );
      assert.deepEqual(
        calls.filter((call) => /Create|Destroy/.test(call)),
        [],
      );
    });
  }
});

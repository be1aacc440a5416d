// Which pool serves a folder, on a daemon made by hand. With a real one: test/libvirtd/hostFiles.
import assert from 'node:assert/strict';
import { FolderPools, NoFolder } from '../../../src/driver/files/folderPools.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { VIR_STORAGE_POOL_INACTIVE } from '../../../src/libvirt/flags.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import { silentLog } from '../../silentLog.js';

const folder = '/mnt/images';

function refusal(procedure: string, code: number): LibvirtError {
  return new LibvirtError(procedure, {
    code,
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
}

const noPool = refusal('storagePoolLookupByTargetPath', errorCodes.VIR_ERR_NO_STORAGE_POOL);

/** Has one inactive pool over the folder, and tells what it was asked to do; what is not as usual, `own` answers. */
function daemonWith(
  type: string,
  own: (name: string) => unknown = () => undefined,
): { readonly pools: FolderPools; readonly calls: string[] } {
  const calls: string[] = [];
  const pool = { name: 'theirs', uuid: Buffer.alloc(16) };
  const answers: Readonly<Record<string, unknown>> = {
    connectListAllStoragePools: { pools: [pool] },
    storagePoolGetXmlDesc: { xml: `<pool type='${type}'><target><path>${folder}</path></target></pool>` },
  };
  const connection = {
    call: (name: string) => {
      calls.push(name);
      const answer = own(name);
      if (answer !== undefined) {
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      }
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

  it('is started anew where who had started it has ended it meanwhile', async () => {
    // Active at the first look, and nothing more than that.
    const firsts = new Map<string, unknown>([
      ['storagePoolLookupByTargetPath', { pool: { name: 'theirs', uuid: Buffer.alloc(16) } }],
      ['storagePoolRefresh', refusal('storagePoolRefresh', errorCodes.VIR_ERR_OPERATION_INVALID)],
      ['storagePoolGetInfo', { state: VIR_STORAGE_POOL_INACTIVE }],
    ]);
    const { pools, calls } = daemonWith('dir', (name) => {
      const answer = firsts.get(name);
      firsts.delete(name);
      return answer;
    });
    assert.equal(await pools.use(folder, ({ pool }) => Promise.resolve(pool.name)), 'theirs');
    assert.ok(calls.includes('storagePoolDestroy'));
  });

  it('is looked for again as often as two others may end it', async () => {
    let ends = 2;
    const { pools } = daemonWith('dir', (name) =>
      name === 'storagePoolRefresh' && ends-- > 0 ? refusal(name, errorCodes.VIR_ERR_NO_STORAGE_POOL) : undefined,
    );
    assert.equal(await pools.use(folder, ({ pool }) => Promise.resolve(pool.name)), 'theirs');
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

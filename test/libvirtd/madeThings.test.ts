// What copies remove is what our own record says that we made: nothing of a person that only looks like it, and nothing
// that somebody else stands on.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type CopiesHost, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

describe('what copies made', () => {
  let host: CopiesHost;
  let dir: string;
  let repository: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
  });
  after(() => host.rig.stop());

  const image = async (name: string): Promise<string> => {
    const file = join(dir, `${name}.qcow2`);
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '16M');
    return file;
  };
  const snapshotsOf = async (vm: string): Promise<readonly string[]> =>
    (await host.rig.virsh('snapshot-list', vm, '--name')).split('\n').filter((name) => name !== '');

  it('is not a snapshot that a person titled as a backup does', async () => {
    await defineDiskVm(host.rig, 'titled', [{ file: await image('titled'), format: 'qcow2' }]);
    await host.run('done', 'start', 'titled');
    const title = 'backup 11:11:11, 2026-11-01';
    await host.run('done', 'checkpoint', 'titled', title, '--kind', 'disk', '--style', 'external');
    const [own = ''] = await snapshotsOf('titled');
    const words = ['backup', 'titled', '--to', repository, '--create', '--checkpoint', '--kind', 'disk'];
    await host.run('done', ...words);
    await host.run('done', ...words);
    const before = await snapshotsOf('titled');
    assert.equal(before.length, 3);
    await host.run('done', ...words, '--keep-checkpoints', '1');
    const left = await snapshotsOf('titled');
    assert.equal(left.length, 2);
    assert.deepEqual(
      left.filter((one) => before.includes(one)),
      [own],
    );
    await host.rig.virsh('destroy', 'titled');
  });
});

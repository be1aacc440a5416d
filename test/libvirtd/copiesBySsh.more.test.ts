// Backups of a VM on a host behind the real ssh and a real sshd: restic runs there, and the VM comes back there.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../jsonSchema.js';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost } from './copiesRig.js';
import { CopiedTree } from './copiesTree.js';
import { makeSshHost, type SshHost } from './sshRig.js';

const name = 'web';
const MB = 1024 * 1024;

describe('backups on a host behind ssh', () => {
  /** The computer that is there, and one from which it is reached by ssh alone. */
  let [there, here]: CopiesHost[] = [];
  let far: SshHost;
  let tree: CopiedTree;
  let dir = '';
  let repository = '';
  let uuid = '';
  const backups: ListedBackup[] = [];

  before(async () => {
    there = await startCopiesHost();
    const { daemon } = there.rig;
    ({ dir } = daemon);
    far = await makeSshHost(daemon);
    // What a login there has.
    mkdirSync(join(dir, 'temporary'));
    await far.configureServer(`SetEnv RESTIC_CACHE_DIR=${join(dir, 'cache')} TMPDIR=${join(dir, 'temporary')}`);
    here = await startCopiesHost(() => ({ XDG_RUNTIME_DIR: dir, LIBVIRT_DEFAULT_URI: far.uri() }));
    // A folder that a shell would take for something else.
    repository = join(dir, "back ups'; touch $HOME/oops; '");
    tree = new CopiedTree(there, name);
    await tree.make();
    uuid = await there.rig.virsh('domuuid', name);
  });
  after(async () => {
    await far.logOut();
    await here?.rig.stop();
    await there?.rig.stop();
  });

  const leftThere = (): readonly string[] => readdirSync(join(dir, 'temporary'));

  it('has the whole tree, and each layer once', async () => {
    assert.match(await here!.run('notFound', 'backup', name, '--to', repository), /--create/u);
    const take = async (...words: readonly string[]): Promise<ListedBackup> => {
      const answer = await here!.json<{ backup: ListedBackup }>('backup', name, '--to', repository, ...words);
      assert.deepEqual(faultsOf(answer), []);
      backups.push(answer.backup);
      return answer.backup;
    };
    assert.ok((await take('--create')).addedBytes > 16 * MB);
    await tree.change(4, '20M');
    assert.ok((await take()).addedBytes < 4 * MB);
    await tree.keepContents();
    const { backups: listed } = await here!.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository);
    assert.deepEqual(
      listed.map(({ id }) => id),
      backups.map(({ id }) => id),
    );
    await here!.run('done', 'backups', 'check', '--from', repository);
    assert.deepEqual(leftThere(), []);
    assert.deepEqual(readdirSync(dir).includes('oops'), false);
  });

  it('comes back as the same VM, with all its snapshots', async () => {
    const drawn = await there!.rig.virsh('snapshot-list', name, '--tree');
    await there!.rig.virsh('undefine', name, '--snapshots-metadata');
    rmSync(join(dir, 'images'), { recursive: true });
    const folder = join(dir, 'restored $(here)');
    const words = ['restore', backups[1]!.id, '--from', repository, '--folder', folder];
    const answer = await here!.json(...words);
    assert.deepEqual(faultsOf(answer), []);
    assert.equal(await there!.rig.virsh('domuuid', name), uuid);
    assert.equal(await there!.rig.virsh('snapshot-list', name, '--tree'), drawn);
    await tree.requireSame(there!);
    assert.deepEqual(readdirSync(folder), [name]);
    assert.match(await here!.run('refused', ...words), /exists already|as a new VM/u);
  });

  it('comes back beside it as a new VM, and as one snapshot alone', async () => {
    const folder = join(dir, 'restored');
    const words = ['restore', backups[1]!.id, '--from', repository, '--folder', folder];
    await here!.run('done', ...words, '--as', 'web-again');
    assert.notEqual(await there!.rig.virsh('domuuid', 'web-again'), uuid);
    await tree.requireSame(there!, 'web-again');
    await here!.run('done', ...words, '--snapshot', 'disks', '--as', 'web-then');
    await tree.requireContent(await contentFile(there!, 'web-then'), 'disks');
    assert.equal(await there!.rig.virsh('snapshot-list', 'web-then', '--name'), '');
    await here!.run('done', 'backups', 'check', '--from', repository, '--boot', '--folder', folder, '--seconds', '1');
    assert.deepEqual(readdirSync(folder).sort(), ['web-again', 'web-then']);
  });

  it('reverts on the restored tree', async () => {
    await here!.run('done', 'revert', name, 'disks', '--yes');
    await tree.requireContent(await contentFile(there!, name), 'disks');
    await here!.run('done', 'undo', name, '--yes');
    await tree.requireContent(await contentFile(there!, name));
  });
});

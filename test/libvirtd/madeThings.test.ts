// What copies remove is what our own record says that we made: nothing of a person that only looks like it, and nothing
// that somebody else stands on.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type CopiesHost, type ListedBackup, runRestic, startCopiesHost } from './copiesRig.js';
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

  interface ResticSnapshot {
    readonly id: string;
    readonly tags?: readonly string[];
  }

  it('is not a snapshot of restic that has only its tags', async () => {
    await defineDiskVm(host.rig, 'kept', [{ file: await image('kept'), format: 'qcow2' }]);
    const uuid = await host.rig.virsh('domuuid', 'kept');
    const backUp = async (): Promise<string> =>
      (await host.json<{ backup: ListedBackup }>('backup', 'kept', '--to', repository, '--create')).backup.id;
    const [first, second] = [await backUp(), await backUp()];
    const store = async (...tags: readonly string[]): Promise<void> => {
      const old = '--time=2020-01-01 00:00:00';
      await runRestic(host, repository, ['backup', `--tag=${tags.join(',')}`, old, join(dir, 'key')]);
    };
    const mine = [
      [`backup:${first}`],
      ['virt-rewind-unfinished', 'backup:00000001', `vm:${uuid}`],
      ['virt-rewind-verified', `backup:${second}`, 'by:read', 'result:passed'],
      ['virt-rewind', 'backup:0000000a', `vm:${uuid}`],
    ];
    for (const tags of mine) {
      await store(...tags);
    }
    const left = async (): Promise<readonly string[]> => {
      const all = JSON.parse(await runRestic(host, repository, ['snapshots', '--json'])) as readonly ResticSnapshot[];
      return mine.flatMap((tags) => {
        const found = all.some(
          (one) => one.tags?.length === tags.length && tags.every((tag) => one.tags?.includes(tag)),
        );
        return found ? [] : [tags.join()];
      });
    };
    const listed = async (): Promise<readonly string[]> =>
      (await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository)).backups
        .filter(({ vm }) => vm === 'kept')
        .map(({ id }) => id);
    const third = await backUp();
    await host.run('done', 'backups', 'check', second, '--from', repository);
    const prune = ['backups', 'prune', '--from', repository, '--yes'] as const;
    const said = await host.run('done', ...prune, 'kept', '--keep-last', '1', '--plan');
    assert.match(said, /Backups that stay, as no mark says that this computer made them: 0000000a\./u);
    await host.run('done', ...prune, 'kept', '--keep-last', '1');
    assert.deepEqual(await left(), []);
    assert.deepEqual((await listed()).toSorted(), [third]);
  });

  it('is not a backup of another computer, unless somebody names it', async () => {
    await defineDiskVm(host.rig, 'far', [{ file: await image('far'), format: 'qcow2' }]);
    const own = { ...host.env };
    host.env['VIRT_REWIND_STATE'] = join(dir, 'state-of-another-computer');
    const { backup } = await host.json<{ backup: ListedBackup }>('backup', 'far', '--to', repository, '--create');
    Object.assign(host.env, own);
    await host.json('backup', 'far', '--to', repository);
    const ids = async (): Promise<readonly string[]> =>
      (await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository)).backups.map(
        ({ id }) => id,
      );
    await host.run('done', 'backups', 'prune', 'far', '--keep-last', '1', '--from', repository, '--yes');
    assert.ok((await ids()).includes(backup.id));
    await host.run('unanswered', 'backups', 'prune', backup.id, '--from', repository);
    await host.run('done', 'backups', 'prune', backup.id, '--from', repository, '--plan');
    assert.ok((await ids()).includes(backup.id));
    await host.run('done', 'backups', 'prune', backup.id, '--from', repository, '--yes');
    assert.ok(!(await ids()).includes(backup.id));
    await host.run('notFound', 'backups', 'prune', backup.id, '--from', repository, '--yes');
  });
});

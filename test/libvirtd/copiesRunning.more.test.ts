// A backup of a running VM that freezes its current state first.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings } from '../../src/manifest/settings.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { silentLog } from '../silentLog.js';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

describe('backups with a checkpoint', () => {
  let host: CopiesHost;
  let dir: string;
  let repository: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
  });
  after(() => host.rig.stop());

  async function startVm(name: string): Promise<void> {
    const file = join(dir, `${name}.qcow2`);
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '16M');
    await defineDiskVm(host.rig, name, [{ file, format: 'qcow2' }]);
    await host.rig.virsh('start', name);
  }

  /** As its guest would. */
  async function writeInside(name: string, pattern: number): Promise<void> {
    const blocks = await host.rig.virsh('qemu-monitor-command', name, '--hmp', 'info block');
    const [, path] = /Attached to:\s+(\S+)/u.exec(blocks) ?? [];
    const words = `qemu-io -d ${path} "write -P ${pattern} 0 1M"`;
    const said = await host.rig.virsh('qemu-monitor-command', name, '--hmp', words);
    assert.doesNotMatch(said, /Error|failed/u, `${blocks}${said}`);
  }

  const snapshotsOf = async (name: string): Promise<string> =>
    (await host.rig.virsh('snapshot-list', name, '--name')).trim();

  for (const kind of ['memory', 'disk']) {
    it(`have what a running VM wrote before it, ${kind}`, async () => {
      const name = `live-${kind}`;
      await startVm(name);
      await writeInside(name, 1);
      const words = ['--to', repository, '--create', '--checkpoint', '--kind', kind];
      const { backup } = await host.json<{ backup: ListedBackup }>('backup', name, ...words);
      await writeInside(name, 2);
      const as = `${name}-again`;
      await host.run('done', 'restore', backup.id, '--from', repository, '--folder', join(dir, 'restored'), '--as', as);
      const file = await contentFile(host, as);
      const said = await runTool('qemu-io', '-r', '-f', 'qcow2', '-c', 'read -P 1 0 1M', file);
      assert.doesNotMatch(said, /verification failed/u);
      assert.notEqual(await snapshotsOf(name), '');
      await host.rig.virsh('destroy', name);
    });
  }

  it('neither stop a protected VM nor delete its checkpoints without its name', async () => {
    await startVm('prod');
    const settings = new SharedSettings(host.env['VIRT_REWIND_STATE'] ?? '', silentLog);
    await settings.write(parseSettings((key) => (key === 'virtRewind.protectedVms' ? ['prod'] : undefined)));
    const words = ['backup', 'prod', '--to', repository, '--create'];
    for (const more of [
      ['--shut-down'],
      ['--checkpoint', '--kind', 'memory'],
      ['--checkpoint', '--keep-checkpoints', '1'],
    ]) {
      assert.match(await host.run('unanswered', ...words, ...more), /prod is protected/u);
      await host.run('declined', ...words, ...more, '--name', 'other');
    }
    const id = await host.rig.virsh('domid', 'prod');
    assert.deepEqual([await snapshotsOf('prod'), id === '-'], ['', false]);
    await host.run('done', ...words, '--checkpoint', '--kind', 'disk');
    const keep = ['--checkpoint', '--kind', 'disk', '--keep-checkpoints', '1'];
    await host.run('done', ...words, ...keep, '--name', 'prod');
    assert.equal((await snapshotsOf('prod')).split('\n').length, 1);
    await settings.write(parseSettings(() => undefined));
    await host.rig.virsh('destroy', 'prod');
  });

  it('leave the checkpoint where the backup fails, and say so', async () => {
    await startVm('lost');
    await host.run('notFound', 'backup', 'lost', '--to', join(dir, 'none'), '--checkpoint');
    assert.equal(await snapshotsOf('lost'), '');
    host.wrap('restic', '[ "$1" != backup ] || exit 1');
    const said = await host.run('failed', 'backup', 'lost', '--to', repository, '--checkpoint');
    host.unwrap('restic');
    assert.match(said, /It stays, also if the backup fails/u);
    assert.notEqual(await snapshotsOf('lost'), '');
    await host.rig.virsh('destroy', 'lost');
  });

  it('make none where it could not be backed up, or is off', async () => {
    await startVm('inside');
    await host.rig.virsh('destroy', 'inside');
    await host.run('done', 'backup', 'inside', '--to', repository, '--create', '--checkpoint');
    assert.equal(await snapshotsOf('inside'), '');
    await host.rig.virsh('snapshot-create-as', 'inside', 'one');
    await host.rig.virsh('start', 'inside');
    assert.match(
      await host.run('refused', 'backup', 'inside', '--to', repository, '--checkpoint'),
      /inside the image/u,
    );
    assert.equal(await snapshotsOf('inside'), 'one');
    await host.rig.virsh('destroy', 'inside');
  });

  it('keep so many of the checkpoints that backups created, and all others', async () => {
    await startVm('often');
    const words = ['backup', 'often', '--to', repository, '--create', '--checkpoint', '--kind', 'disk'];
    const keep = ['--keep-checkpoints', '2'];
    await host.run('done', 'checkpoint', 'often', 'mine', '--kind', 'disk', '--style', 'external');
    await host.run('done', ...words);
    await host.run('done', ...words);
    assert.equal((await snapshotsOf('often')).split('\n').length, 3);
    await writeInside('often', 3);
    const { backup } = await host.json<{ backup: ListedBackup }>(...words, ...keep);
    assert.equal(backup.restorePoints, 4);
    const left = (await snapshotsOf('often')).split('\n');
    assert.deepEqual([left.length, left.includes('mine')], [3, true]);
    await host.run('done', 'restore', backup.id, '--from', repository, '--folder', join(dir, 'many'), '--as', 'many');
    await runTool('qemu-io', '-r', '-f', 'qcow2', '-c', 'read -P 3 0 1M', await contentFile(host, 'many'));
    await host.rig.virsh('destroy', 'often');
  });

  it('have frozen file systems where the guest has an agent, and are refused before anything where it has none', async () => {
    const [calm] = await Promise.all(['calm', 'deaf'].map((name) => host.rig.guest({ name, agent: name === 'calm' })));
    await Promise.all(['calm', 'deaf'].map((name) => host.rig.virsh('start', name)));
    await calm!.waitForAgent();
    const words = ['--to', repository, '--create', '--checkpoint'];
    assert.match(await host.run('refused', 'backup', 'deaf', ...words, '--quiesce'), /agent in deaf does not respond/u);
    await host.run('usage', 'backup', 'deaf', ...words, '--quiesce', '--kind', 'memory');
    assert.equal(await snapshotsOf('deaf'), '');
    await host.rig.virsh('destroy', 'deaf');

    /** The kernel marks a file system of ext4 as one to be repaired as long as it writes to it. */
    const wantsRepair = async (as: string, ...how: readonly string[]): Promise<boolean> => {
      await calm!.run('sh', ['-c', 'echo something >/mnt/written || echo something >/written']);
      const { backup } = await host.json<{ backup: ListedBackup }>('backup', 'calm', ...words, ...how);
      await host.run('done', 'restore', backup.id, '--from', repository, '--folder', join(dir, 'frozen'), '--as', as);
      const raw = join(dir, `${as}.raw`);
      await runTool('qemu-img', 'convert', '-O', 'raw', await contentFile(host, as), raw);
      return (await runTool('dumpe2fs', '-h', raw)).includes('needs_recovery');
    };
    const status = async (): Promise<string> =>
      host.rig.virsh('qemu-agent-command', 'calm', '{"execute":"guest-fsfreeze-status"}');
    assert.equal(await wantsRepair('hasty', '--kind', 'disk'), true);
    assert.equal(await wantsRepair('frozen', '--quiesce'), false);
    assert.match(await status(), /thawed/u);
    await host.rig.virsh('destroy', 'calm');
  });

  it('are made by a schedule, which keeps as many checkpoints as it is told', async () => {
    await startVm('daily');
    const crontab = join(dir, 'crontab');
    writeFileSync(crontab, '');
    host.wrap('systemctl', 'exit 1');
    host.wrap('crontab', `if [ "$1" = -l ]; then cat '${crontab}'; else cat "$1" > '${crontab}'; fi; exit`);
    const words = ['--to', repository, '--checkpoint', '--kind', 'disk'];
    await host.run('done', 'backup', 'daily', ...words, '--create');
    const keep = ['--keep-checkpoints', '2', '--keep-last', '2'];
    await host.run('done', 'schedule', 'daily', ...words, ...keep, '--every', 'day', '--as', 'daily');
    for (const pattern of [1, 2, 3]) {
      await writeInside('daily', pattern);
      await host.run('done', 'schedule', '--run', 'daily');
    }
    assert.equal((await snapshotsOf('daily')).split('\n').length, 2);
    const { backups } = await host.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository);
    const own = backups.filter(({ vm }) => vm === 'daily');
    assert.equal(own.length, 2);
    for (const [at, pattern] of [2, 3].entries()) {
      const as = `daily-${pattern}`;
      const to = ['--from', repository, '--folder', join(dir, 'daily'), '--as', as];
      await host.run('done', 'restore', own[at]!.id, ...to);
      const said = await runTool('qemu-io', '-r', '-c', `read -P ${pattern} 0 1M`, await contentFile(host, as));
      assert.doesNotMatch(said, /verification failed/u);
    }
    await host.rig.virsh('destroy', 'daily');
  });

  it('are made while the VM is off where that is wanted, and it runs again, also where they fail', async () => {
    const guest = await host.rig.guest({ name: 'guest' });
    await host.rig.virsh('start', 'guest');
    await guest.waitForAgent();
    const state = async (): Promise<string> => (await host.rig.virsh('domstate', 'guest')).trim();
    const id = await host.rig.virsh('domid', 'guest');
    await host.run('notFound', 'backup', 'guest', '--to', join(dir, 'none'), '--shut-down');
    assert.equal(await host.rig.virsh('domid', 'guest'), id);
    const words = ['backup', 'guest', '--to', repository, '--create', '--shut-down'];
    const { backup } = await host.json<{ backup: ListedBackup }>(...words);
    assert.deepEqual([backup.currentState, await state()], [true, 'running']);
    // One that boots does not hear the power button.
    await guest.waitForAgent();
    host.wrap('restic', `[ "$1" != backup ] || { virsh domstate guest > '${join(dir, 'state')}'; exit 1; }`);
    await host.run('failed', ...words);
    host.unwrap('restic');
    assert.match(readFileSync(join(dir, 'state'), 'utf8'), /shut off/u);
    assert.equal(await state(), 'running');
    await host.rig.virsh('destroy', 'guest');
  });
});

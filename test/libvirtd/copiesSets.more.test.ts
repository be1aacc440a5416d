// Backups of several VMs in one command, and of a system at one moment.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentFile, type CopiesHost, type ListedBackup, startCopiesHost } from './copiesRig.js';
import { faultsOf } from '../answerFaults.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

interface SetDocument {
  readonly set: { readonly id: string; readonly vms: number; readonly moment?: string };
  readonly backups: readonly ListedBackup[];
  readonly failed: readonly { readonly vm: string; readonly message: string }[];
}

describe('backups of several VMs', () => {
  let host: CopiesHost;
  let other: CopiesHost;
  let dir: string;
  let repository: string;

  before(async () => {
    [host, other] = [await startCopiesHost(), await startCopiesHost()];
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
    for (const name of ['web', 'db', 'lone']) {
      const file = join(dir, `${name}.qcow2`);
      await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '16M');
      await runTool('qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 1M', file);
      await defineDiskVm(host.rig, name, [{ file, format: 'qcow2' }]);
    }
    await host.run('done', 'system', 'create', 'shop', 'web', 'db');
  });
  after(() => Promise.all([host.rig.stop(), other.rig.stop()]));
  afterEach(async () => {
    host.unwrap('restic');
    other.unwrap('restic');
    for (const name of (await other.rig.virsh('list', '--all', '--name')).split(/\s+/u).filter((one) => one !== '')) {
      await other.rig.virsh('undefine', name, '--snapshots-metadata', '--nvram');
    }
    rmSync(join(other.rig.daemon.dir, 'restored'), { recursive: true, force: true });
  });

  const backUp = (...words: readonly string[]): Promise<SetDocument> =>
    host.json<SetDocument>('backup', ...words, '--to', repository, '--create');

  const restoreWords = (id: string): readonly string[] => {
    const folder = join(other.rig.daemon.dir, 'restored');
    return ['restore', id, '--from', repository, '--folder', folder, '--password-file', join(dir, 'key')];
  };

  /** As its guest would, once for each time that restic stores files. */
  function writeMeanwhile(pattern: number, ...names: readonly string[]): void {
    const lines = names.flatMap((name) => [
      `disk=$(virsh qemu-monitor-command ${name} --hmp 'info block' | sed -n 's/.*Attached to: *//p' | head -1)`,
      `virsh qemu-monitor-command ${name} --hmp "qemu-io -d $disk \\"write -P ${pattern} 0 1M\\"" >&2`,
    ]);
    host.wrap('restic', `if [ "$1" = backup ]; then\n${lines.join('\n')}\nfi`);
  }

  async function patternOf(at: CopiesHost, name: string): Promise<number | undefined> {
    const file = await contentFile(at, name);
    for (const pattern of [1, 2]) {
      // It fails where it reads anything else.
      const words = ['-r', '-f', 'qcow2', '-c', `read -P ${pattern} 0 1M`, file];
      const isThere = await runTool('qemu-io', ...words).then(
        () => true,
        () => false,
      );
      if (isThere) {
        return pattern;
      }
    }
    return undefined;
  }

  it('are of one moment where all are off, and restored together on another computer', async () => {
    const { set, backups } = await backUp('web', 'db');
    assert.deepEqual([set.vms, backups.map(({ vm }) => vm), set.moment !== undefined], [2, ['web', 'db'], true]);
    const listed = await host.run('done', 'backups', '--from', repository);
    assert.match(listed, new RegExp(`${set.id}, one moment`, 'u'));
    await other.run('done', ...restoreWords(set.id));
    assert.deepEqual([await patternOf(other, 'web'), await patternOf(other, 'db')], [1, 1]);
  });

  it('start restic twice for each VM, and once for all to list and to tidy', async () => {
    const started = join(dir, 'started');
    host.wrap('restic', `echo "$1" >> ${started}`);
    const { backups } = await backUp('web', 'db', 'lone');
    assert.equal(backups.length, 3);
    const count = (word: string): number =>
      readFileSync(started, 'utf8')
        .split('\n')
        .filter((line) => line === word).length;
    assert.deepEqual(['backup', 'snapshots', 'forget'].map(count), [6, 1, 1]);
    host.unwrap('restic');
    const restic = [
      '-q',
      '-r',
      repository,
      'snapshots',
      '--tag',
      'virt-rewind-unfinished',
      '--password-file',
      join(dir, 'key'),
    ];
    assert.doesNotMatch(await runTool('restic', ...restic), /virt-rewind/u);
  });

  it('are of the moment of the checkpoint, whatever a guest writes until its own backup', async () => {
    for (const names of [['web'], ['web', 'db']]) {
      for (const name of names) {
        await host.rig.virsh('start', name);
      }
      writeMeanwhile(2, ...names);
      const { set, backups } = await backUp('--system', 'shop', '--checkpoint', '--kind', 'disk');
      host.unwrap('restic');
      assert.ok(set.moment !== undefined);
      assert.deepEqual(
        backups.map(({ currentState }) => currentState),
        ['web', 'db'].map((name) => !names.includes(name)),
      );
      await other.run('done', ...restoreWords(set.id));
      assert.deepEqual([await patternOf(other, 'web'), await patternOf(other, 'db')], [1, 1]);
      for (const name of names) {
        await host.rig.virsh('destroy', name);
        assert.equal(await patternOf(host, name), 2);
        await runTool('qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 1M', await contentFile(host, name));
      }
      for (const name of ['web', 'db']) {
        await other.rig.virsh('undefine', name, '--snapshots-metadata', '--nvram');
      }
      rmSync(join(other.rig.daemon.dir, 'restored'), { recursive: true });
    }
  });

  it('have the moment of the last checkpoint of all, and none once one of them is at another', async () => {
    await host.rig.virsh('start', 'web');
    await host.rig.virsh('start', 'db');
    await host.run('done', 'system', 'checkpoint', 'shop', 'both');
    assert.ok((await backUp('web', 'db')).set.moment !== undefined);
    await host.run('done', 'checkpoint', 'db', 'alone');
    const { set } = await backUp('web', 'db');
    assert.equal(set.moment, undefined);
    await host.rig.virsh('destroy', 'db');
    assert.match(
      await host.run('done', 'backup', 'web', 'db', '--to', repository),
      /are not of one moment. For one moment/u,
    );
    await host.rig.virsh('destroy', 'web');
  });

  it('are made of the others where one cannot be, and say of which', async () => {
    const said = await host.run('notFound', 'backup', 'web', 'nowhere', 'db', '--to', repository);
    assert.match(said, /Not backed up: nowhere/u);
    const { backups } = await host.json<{ backups: readonly { vm: string; set?: SetDocument['set'] }[] }>(
      ...['backups', '--from', repository],
    );
    const [last] = backups.slice(-1);
    assert.equal(last?.set?.vms, 3);
    assert.match(await other.run('notFound', ...restoreWords(last.set.id)), /backups of 2 of its 3 VMs/u);
  });

  it('change nothing where the VMs are no system, or cannot all be frozen', async () => {
    await host.rig.virsh('start', 'lone');
    const words = ['--to', repository, '--checkpoint'];
    assert.match(await host.run('refused', 'backup', 'web', 'lone', ...words), /system create NAME web lone/u);
    assert.equal((await host.rig.virsh('snapshot-list', 'lone', '--name')).trim(), '');
    await host.run('usage', 'backup', '--system', 'shop', 'web', ...words);
    await host.run('notFound', 'backup', '--system', 'none', ...words);
    await host.rig.virsh('destroy', 'lone');
  });

  it('are kept, released and checked by the ID of their set, and a rule says which set it cuts', async () => {
    const { set } = await backUp('web', 'db');
    const own = ['--from', repository];
    const keptOf = async (): Promise<readonly (boolean | undefined)[]> => {
      const { backups } = await host.json<{
        backups: readonly { readonly kept?: boolean; readonly set?: SetDocument['set'] }[];
      }>('backups', ...own);
      return backups.filter((one) => one.set?.id === set.id).map(({ kept }) => kept);
    };
    await host.run('notFound', 'backups', 'keep', 'set-00000000', ...own);
    assert.deepEqual(faultsOf(await host.json('backups', 'keep', set.id, ...own)), []);
    assert.deepEqual(await keptOf(), [true, true]);
    await host.run('done', 'backups', 'release', set.id, ...own);
    assert.deepEqual(await keptOf(), [false, false]);
    const { checked } = await host.json<{ checked: readonly { readonly vm: string; readonly passed: boolean }[] }>(
      ...['backups', 'check', set.id, ...own],
    );
    assert.deepEqual(
      checked.map(({ vm, passed }) => [vm, passed]),
      [
        ['web', true],
        ['db', true],
      ],
    );
    await host.run('done', 'backup', 'web', '--to', repository);
    const cut = new RegExp(`${set.id} keeps only the backups of db\\.`, 'u');
    assert.match(await host.run('done', 'backups', 'prune', ...own, '--keep-last', '1', '--plan'), cut);
    await host.run('done', 'backups', 'prune', ...own, '--keep-last', '1', '--yes');
    assert.match(await host.run('notFound', 'backups', 'check', set.id, ...own), /backups of 1 of its 2 VMs/u);
    await host.run('notFound', 'backups', 'check', 'set-00000000', ...own);
  });

  it('are made of a system by the clock, and a set that was begun is not begun again', async () => {
    await backUp('web', 'db');
    // Neither systemd nor cron runs on the machines of the tests.
    const crontab = join(dir, 'crontab');
    writeFileSync(crontab, '');
    writeFileSync(join(host.programs, 'systemctl'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const script = `#!/bin/sh\nif [ "$1" = -l ]; then cat '${crontab}'; else cat "$1" > '${crontab}'; fi\n`;
    writeFileSync(join(host.programs, 'crontab'), script, { mode: 0o755 });
    const add = ['schedule', '--system', 'shop', '--to', repository, '--every', 'day', '--checkpoint'];
    await host.run('usage', ...add, 'web');
    await host.run('usage', ...add, '--keep-checkpoints', '2');
    await host.run('notFound', ...add, '--system', 'none');
    const added = await host.json<{ schedules: readonly { system?: string; vms: readonly string[] }[] }>(
      ...[...add, '--kind', 'disk', '--keep-last', '2'],
    );
    assert.deepEqual(faultsOf(added), []);
    assert.deepEqual([added.schedules[0]?.system, added.schedules[0]?.vms], ['shop', ['web', 'db']]);

    await host.rig.virsh('start', 'web');
    const run = await host.json<{ schedules: readonly { lastRun: { backups: readonly string[] } }[] }>(
      ...['schedule', '--run', 'shop-day'],
    );
    assert.deepEqual(faultsOf(run), []);
    const ids = run.schedules[0]?.lastRun.backups ?? [];
    const { backups } = await host.json<{ backups: readonly (ListedBackup & { set?: SetDocument['set'] })[] }>(
      ...['backups', '--from', repository],
    );
    const made = backups.filter(({ id }) => ids.includes(id));
    assert.deepEqual(made.map(({ vm }) => vm).sort(), ['db', 'web']);
    assert.equal(new Set(made.map(({ set }) => set?.id)).size, 1);
    assert.ok(made.every(({ set }) => set?.moment !== undefined));
    assert.equal(backups.filter(({ vm }) => vm === 'web').length, 2);

    const points = async (): Promise<number> =>
      (await host.rig.virsh('snapshot-list', 'web', '--name')).split('\n').filter((line) => line !== '').length;
    const before = await points();
    const locked = 'echo "repository is already locked" >&2; exit 11';
    const calls = join(dir, 'calls');
    host.wrap(
      'restic',
      `if [ "$1" = backup ]; then echo >> '${calls}'; [ $(wc -l < '${calls}') -gt 6 ] || { ${locked}; }; fi`,
    );
    const said = await host.run('busy', 'schedule', '--run', 'shop-day');
    host.unwrap('restic');
    assert.match(said, /^web: .*\ndb: /mu);
    assert.equal(await points(), before + 1);
    await host.run('done', 'schedule', '--remove', 'shop-day');
    await host.rig.virsh('destroy', 'web');
  });

  it('are restored by a second run where the first one failed at one of them', async () => {
    const { set } = await backUp('web', 'db');
    const folder = join(other.rig.daemon.dir, 'restored');
    await runTool('mkdir', '-p', join(folder, 'web'));
    const said = await other.run('refused', ...restoreWords(set.id));
    assert.match(said, /web: .*exists already/u);
    assert.match(said, /Not restored: web\./u);
    await other.rig.virsh('domstate', 'db');
    // Between two VMs, too: what it left of the second one goes.
    rmSync(join(folder, 'web'), { recursive: true });
    other.wrap('restic', 'case "$*" in *--target*) kill -9 $PPID; exit 1;; esac');
    await assert.rejects(other.run('done', ...restoreWords(set.id)));
    other.unwrap('restic');
    writeFileSync(join(folder, 'db', 'mine'), 'stays');
    await other.run('done', ...restoreWords(set.id), '--start');
    assert.equal((await other.rig.virsh('domstate', 'web')).trim(), 'running');
    assert.equal((await runTool('cat', join(folder, 'db', 'mine'))).trim(), 'stays');
    for (const name of ['web', 'db']) {
      await other.rig.virsh('destroy', name);
    }
    assert.match(await other.run('refused', ...restoreWords(set.id)), /already/u);
  });
});

// `virt-rewind backups check`: what it proves of a backup, what it records, and that nothing of it stays.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../answerFaults.js';
import {
  type CopiesHost,
  type ListedBackup,
  ownBackup,
  runRestic,
  startCopiesHost,
  writePattern,
} from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

interface Checked extends ListedBackup {
  readonly verified?: { readonly how: string; readonly passed: boolean };
}

describe('checks of backups', () => {
  let host: CopiesHost;
  let dir: string;
  let repository: string;
  let folder: string;
  let plain: string;
  let guest: string;

  before(async () => {
    host = await startCopiesHost();
    ({ dir } = host.rig.daemon);
    repository = join(dir, 'repository');
    folder = join(dir, 'checked');
    const image = join(dir, 'plain.qcow2');
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
    await writePattern(image, 1, '0');
    await defineDiskVm(host.rig, 'plain', [{ file: image, format: 'qcow2' }]);
    await host.run('done', 'checkpoint', 'plain', 'first', '--style', 'external');
    await host.rig.guest({ name: 'guest', disks: ['qcow2'] });
    await host.rig.engine.refresh({ connection: host.rig.uri });
    [plain, guest] = [await backUp('plain'), await backUp('guest')];
  });
  after(() => host.rig.stop());
  afterEach(() => {
    host.unwrap('restic');
  });

  const backUp = async (vm: string): Promise<string> =>
    (await host.json<{ backup: ListedBackup }>('backup', vm, '--to', repository, '--create')).backup.id;

  const check = (exit: Parameters<CopiesHost['run']>[0], ...words: readonly string[]): Promise<string> =>
    host.run(exit, 'backups', 'check', ...words, '--from', repository);

  async function list(): Promise<ReadonlyMap<string, Checked['verified']>> {
    const answer = await host.json<{ backups: readonly Checked[] }>('backups', '--from', repository);
    assert.deepEqual(faultsOf(answer), []);
    return new Map(answer.backups.map(({ id, verified }) => [id, verified]));
  }

  const resultOf = (verified: Checked['verified']): string => `${verified?.how} ${verified?.passed}`;

  async function requireNothingLeft(): Promise<void> {
    assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], []);
    assert.doesNotMatch(await host.rig.virsh('list', '--all', '--name'), /-check-/u);
  }

  it('read the newest backup of each VM, and the list shows it', async () => {
    const answer = JSON.parse(await check('done', '--json')) as { checked: readonly { readonly id: string }[] };
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual(answer.checked.map(({ id }) => id).sort(), [plain, guest].sort());
    const found = await list();
    for (const id of [plain, guest]) {
      assert.equal(resultOf(found.get(id)), 'read true');
    }
    assert.match(await host.run('done', 'backups', '--from', repository), /\(read\)/u);
    await check('notFound', 'ffffffff');
  });

  it('start a VM apart from the original, wait for its guest agent, and remove it', async () => {
    assert.match(await check('done', guest, '--boot', '--folder', folder), /guest agent answered/u);
    assert.equal(resultOf((await list()).get(guest)), 'agent true');
    assert.match(await check('done', plain, '--boot', '--folder', folder, '--seconds', '1'), /ran for 1 s/u);
    assert.equal(resultOf((await list()).get(plain)), 'started true');
    await requireNothingLeft();
  });

  it('need no guest agent of a VM that has a channel for one alone', async () => {
    const [image, channel] = [join(dir, 'quiet.qcow2'), join(dir, 'channel.xml')];
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
    await defineDiskVm(host.rig, 'quiet', [{ file: image, format: 'qcow2' }]);
    writeFileSync(channel, "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>");
    await host.rig.virsh('attach-device', 'quiet', channel, '--config');
    const quiet = await backUp('quiet');
    assert.match(await check('done', quiet, '--boot', '--folder', folder, '--seconds', '2'), /ran for 2 s/u);
    assert.equal(resultOf((await list()).get(quiet)), 'started true');
    await requireNothingLeft();
  });

  it('need the guest agent that answered when the backup was made', async () => {
    const heard = await host.rig.guest({ name: 'heard', disks: ['qcow2'] });
    await heard.start();
    await heard.waitForAgent();
    // At its next boot, nothing is there that starts an agent.
    const xml = await host.rig.virsh('dumpxml', 'heard', '--inactive', '--security-info');
    const file = join(dir, 'heard.xml');
    writeFileSync(file, xml.replaceAll(/<(kernel|initrd|cmdline)>.*<\/\1>/gu, ''));
    await host.rig.virsh('define', file);
    await host.rig.engine.refresh({ connection: host.rig.uri });
    const words = ['backup', 'heard', '--to', repository, '--checkpoint', '--kind', 'disk'];
    const { backup } = await host.json<{ backup: ListedBackup }>(...words);
    await host.rig.virsh('destroy', 'heard');
    await check('failed', backup.id, '--boot', '--folder', folder, '--seconds', '3');
    assert.equal(resultOf((await list()).get(backup.id)), 'started false');
    await requireNothingLeft();
  });

  it('remove what a killed one left, running or not', async () => {
    // Nobody answers: it is killed while it waits.
    const killed = host.run('done', 'backups', 'check', plain, '--boot', '--folder', folder, '--from', repository);
    const failed = assert.rejects(killed);
    for (let running = ''; !running.includes('-check-');) {
      running = await host.rig.virsh('list', '--name');
    }
    const [left = ''] = readdirSync(folder);
    const mark = JSON.parse(readFileSync(join(folder, left, '.virt-rewind-restoring'), 'utf8')) as { pid: number };
    process.kill(mark.pid, 'SIGKILL');
    await failed;
    assert.ok(existsSync(join(folder, left)));
    await check('done', plain, '--boot', '--folder', folder, '--seconds', '1');
    await requireNothingLeft();
  });

  it('say and record which backup cannot be read', async () => {
    const packs = join(repository, 'data');
    const [largest] = readdirSync(packs, { recursive: true, encoding: 'utf8' })
      .map((name) => join(packs, name))
      .filter((name) => statSync(name).isFile())
      .sort((one, other) => statSync(other).size - statSync(one).size);
    const bytes = readFileSync(largest!);
    chmodSync(largest!, 0o600);
    writeFileSync(largest!, Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(64, 7), bytes.subarray(164)]));
    await check('failed');
    assert.ok([...(await list()).values()].some((verified) => verified?.passed === false));
    assert.match(await host.run('done', 'backups', '--from', repository), /failed 20/u);
    writeFileSync(largest!, bytes);
    await check('done');
    assert.ok([...(await list()).values()].every((verified) => verified?.passed === true));
  });

  it('record nothing where a host or a network fails', async () => {
    const before = await list();
    for (const ends of ['exit 1', 'kill -9 $$', 'echo "Fatal: connection reset by peer" >&2; exit 1']) {
      host.wrap('restic', `case "$*" in dump*" /"|*--target=*) ${ends};; esac`);
      await check('failed', plain);
      await check('failed', plain, '--boot', '--folder', folder, '--seconds', '1');
      host.unwrap('restic');
      assert.deepEqual(await list(), before);
    }
    // It needs more RAM than any host has.
    const image = join(dir, 'large.qcow2');
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
    await defineDiskVm(host.rig, 'large', [{ file: image, format: 'qcow2' }]);
    await host.rig.virsh('setmaxmem', 'large', '64T', '--config');
    await host.rig.virsh('setmem', 'large', '64T', '--config');
    const large = await backUp('large');
    assert.match(await check('failed', large, '--boot', '--folder', folder, '--seconds', '1'), /memory/u);
    assert.equal((await list()).get(large), undefined);
    const all = ['backups', 'check', '--from', repository, '--boot', '--folder', folder, '--seconds', '1'];
    const said = await host.run('failed', ...all);
    assert.match(said, /^large: .*memory/mu);
    assert.equal((await list()).get(plain)?.how, 'started', 'the others are checked all the same');
    await requireNothingLeft();
  });

  it('let no rule count a backup that failed one, or one backup twice', async () => {
    const words = ['backups', 'prune', 'old', '--from', repository];
    const uuid = '00000000-0000-4000-8000-00000000000a';
    const store = async (id: string, time: string, ...tags: readonly string[]): Promise<void> => {
      const all = [`virt-rewind`, `backup:${id}`, `vm:${uuid}`, ...tags].join(',');
      await ownBackup(host, id);
      await runRestic(host, repository, ['backup', '--host=old', `--time=${time}`, `--tag=${all}`, join(dir, 'key')]);
    };
    const record = async (id: string, result: string): Promise<string> => {
      const tags = `--tag=virt-rewind-verified,backup:${id},by:read,result:${result}`;
      return runRestic(host, repository, ['backup', tags, join(dir, 'key')]);
    };
    const going = async (...rule: readonly string[]): Promise<readonly string[]> => {
      const answer = await host.json<{ prunePlan: { going: readonly ListedBackup[] } }>(...words, ...rule, '--plan');
      assert.deepEqual(faultsOf(answer), []);
      return answer.prunePlan.going.map(({ id }) => id);
    };
    await store('0000000a', '2026-01-01 10:00:00');
    await store('0000000b', '2026-01-02 10:00:00');
    await store('0000000c', '2026-01-02 11:00:00');
    await store('0000000d', '2026-01-03 10:00:00');
    assert.deepEqual(await going('--keep-last', '1'), ['0000000a', '0000000b', '0000000c']);
    assert.deepEqual(await going('--keep-daily', '2'), ['0000000a', '0000000b']);
    await record('0000000d', 'failed');
    assert.deepEqual(await going('--keep-last', '1'), ['0000000a', '0000000b']);
    await record('0000000c', 'failed');
    assert.deepEqual(await going('--keep-last', '1'), ['0000000a', '0000000c']);
    assert.deepEqual(await going('--keep-daily', '1'), ['0000000a', '0000000c']);
    await record('0000000d', 'passed');
    assert.deepEqual(await going('--keep-last', '1'), ['0000000a', '0000000b', '0000000c']);
    assert.deepEqual(await going('--keep-daily', '2'), ['0000000a']);
    // Marked, while restic could not remove the snapshot without the mark.
    await store('0000000a', '2026-01-01 10:00:00', 'virt-rewind-kept');
    assert.deepEqual(await going('--keep-last', '1'), ['0000000b', '0000000c']);
    await store('0000000d', '2026-01-03 10:00:00');
    await record('0000000c', 'passed');
    assert.deepEqual(await going('--keep-last', '2'), ['0000000b']);
    assert.equal([...(await list()).keys()].filter((id) => id === '0000000d').length, 1);
  });

  it('delete nothing that was marked or deleted while a question waited', async () => {
    const mine = ['backups', 'prune', 'old', '--from', repository, '--keep-last', '1', '--yes'];
    const all = async (): Promise<string> => runRestic(host, repository, ['snapshots', '--json', '--host=old']);
    // The first list is for the plan that is asked about, the second for what is deleted.
    const meanwhile = (then: string): void =>
      host.wrap(
        'restic',
        `asked='${join(dir, 'asked')}'
case "$*" in *snapshots*) echo >>"$asked"; [ "$(wc -l <"$asked")" != 2 ] || { ${then}; } >&2;; esac`,
      );
    const snapshotOf = async (id: string): Promise<string> => {
      const found = await runRestic(host, repository, ['snapshots', '--json', `--tag=virt-rewind,backup:${id}`]);
      return (JSON.parse(found) as { readonly id: string }[])[0]!.id;
    };
    meanwhile(`/usr/bin/restic tag --add virt-rewind-kept ${await snapshotOf('0000000b')}`);
    assert.match(await host.run('refused', ...mine), /0000000b is marked as kept/u);
    host.unwrap('restic');
    rmSync(join(dir, 'asked'));
    assert.match(await all(), /backup:0000000c/u);
    meanwhile(`/usr/bin/restic forget ${await snapshotOf('0000000c')}`);
    assert.match(await host.run('failed', ...mine), /gone already/u);
    host.unwrap('restic');
    assert.match(await all(), /backup:0000000a.*backup:0000000b.*backup:0000000d/u);
  });
});

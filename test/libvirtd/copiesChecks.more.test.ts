// `virt-rewind backups check`: what it proves of a backup, what it records, and that nothing of it stays.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../jsonSchema.js';
import { type CopiesHost, type ListedBackup, startCopiesHost, writePattern } from './copiesRig.js';
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

  it('record nothing where the repository is out of reach', async () => {
    const before = await list();
    host.wrap('restic', 'case "$*" in *dump*|*--stdin*) exit 1;; esac');
    await check('failed', plain);
    host.unwrap('restic');
    assert.deepEqual(await list(), before);
  });
});

// A VM that runs moves between two hosts on one machine, whose disks lie in one folder: libvirt's part in it, and
// `virt-rewind move` with its snapshots.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch as watchFolder,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counters, runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { Failure } from '../../src/domain/failure.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import type { MigrationRun } from '../../src/driver/migrationHost.js';
import { leadMove, type MoveEnds, settle, tryMove } from '../../src/wings/cluster/live/leadMove.js';
import { faultsOf } from '../answerFaults.js';
import { silentLog } from '../silentLog.js';
import { snapshotsOn } from './copiesTree.js';
import { defineDiskVm } from './diskVm.js';
import {
  actWhenWritten,
  hostsWith,
  images,
  type MoveHost,
  type MoveRig,
  onWritten,
  recordsOn,
  startMoveRig,
} from './moveRig.js';

type Daemon = Awaited<ReturnType<typeof startPrivateDaemon>>;
type Guest = Awaited<ReturnType<typeof defineTestGuest>>;

const wish = { sharedDisks: true, address: 'tcp://127.0.0.1' };
const run: MigrationRun = { signal: new AbortController().signal, onProgress: () => undefined, mostStopMs: 2_000 };

describe('a live move', () => {
  let one: Daemon;
  let two: Daemon;
  let hosts: Hypervisor[] = [];
  let ends: MoveEnds;
  let back: MoveEnds;
  let guest: Guest;
  let vm: { readonly name: string; readonly uuid: string };

  const connect = async (): Promise<void> => {
    const open = libvirtHypervisor(silentLog, process.env);
    const { signal } = new AbortController();
    hosts = await Promise.all([one, two].map(({ uri }) => open(uri, signal)));
    const [source, destination] = await Promise.all(hosts.map(async (host) => (await host.vmCopies()).openMigration()));
    assert.ok(source && destination);
    [ends, back] = [
      { source, destination },
      { source: destination, destination: source },
    ];
  };
  const disconnect = (): void => {
    [ends.source, ends.destination, ...hosts].forEach((each) => ('dispose' in each ? each.dispose() : each.close()));
  };
  const state = async ({ virsh }: Daemon): Promise<string> =>
    (await virsh(['domstate', 'web', '--reason'])).stdout.trim();

  before(async () => {
    [one, two] = await Promise.all([startPrivateDaemon({ host: 'one' }), startPrivateDaemon({ host: 'two' })]);
    guest = await defineTestGuest(one, { name: 'web' });
    await guest.start();
    vm = { name: 'web', uuid: (await one.virsh(['domuuid', 'web'])).stdout.trim() };
    await connect();
  });
  after(async () => {
    disconnect();
    await Promise.all([one, two].map((each) => each.stop()));
  });

  it('is tried, and nothing is left of it', async () => {
    await tryMove(ends, vm, 'none', wish);
    await one.virsh(['snapshot-create-as', 'web', 'first']);
    await assert.rejects(tryMove(ends, vm, 'none', wish), Failure);
    await tryMove(ends, vm, 'some', wish);
    await one.virsh(['snapshot-delete', 'web', 'first', '--metadata']);
    assert.equal(await settle(ends, vm), 'source');
    assert.equal((await two.virsh(['list', '--all', '--name'])).stdout.trim(), '');
    assert.equal((await one.virsh(['domjobinfo', 'web'])).stdout.replace(/\s+/gu, ' ').trim(), 'Job type: None');
  });

  it('finds what the other host has against it', async () => {
    const xml = (await one.virsh(['dumpxml', 'web', '--inactive'])).stdout.replace(/<uuid>.*<\/uuid>/u, '');
    await withXmlFile(xml, async (file) => assert.equal((await two.virsh(['define', file])).code, 0));
    for (const snapshots of ['some', 'none'] as const) {
      await assert.rejects(tryMove(ends, vm, snapshots, wish), /./u);
    }
    await two.virsh(['undefine', 'web']);
    assert.equal(await settle(ends, vm), 'source');
  });

  it('carries the RAM there and back', async () => {
    const was = await guest.setCounters(41);
    for (const way of [ends, back, ends, back]) {
      const stopMs = await leadMove(way, vm, wish, run);
      assert.ok(stopMs !== undefined && stopMs > 0, String(stopMs));
      assert.equal(await settle(way, vm), 'destination');
      assert.equal(await way.source.stateOf(vm.uuid), 'absent');
    }
    assert.deepEqual(await guest.counters(), was);
  });

  it('goes no faster than it may', async () => {
    const wanted = new AbortController();
    let told: Promise<string> | undefined;
    const onProgress = (): void => {
      told ??= one
        .virsh(['qemu-monitor-command', 'web', '--hmp', 'info migrate_parameters'])
        .then(({ stdout }) => stdout)
        .finally(() => wanted.abort());
    };
    const slow = { ...run, signal: wanted.signal, onProgress, mebibytesPerSecond: 1 };
    await assert.rejects(leadMove(ends, vm, wish, slow), { kind: 'cancelled' });
    assert.match((await told) ?? '', /max-bandwidth: 1048576 /u);
    assert.equal(await settle(ends, vm), 'source');
    await guest.waitForAgent();
  });

  it('is given up by who asked for it, and the guest goes on where it was', async () => {
    await one.virsh(['migrate-setspeed', 'web', '1']);
    const wanted = new AbortController();
    const onProgress = (): void => wanted.abort();
    await assert.rejects(leadMove(ends, vm, wish, { ...run, signal: wanted.signal, onProgress }), {
      kind: 'cancelled',
    });
    assert.equal(await settle(ends, vm), 'source');
    assert.equal(await ends.destination.stateOf(vm.uuid), 'absent');
    await guest.waitForAgent();
  });

  it('ends with the daemon of the other host, and the guest goes on where it was', async () => {
    let killed: Promise<void> | undefined;
    const onProgress = (): void => void (killed ??= two.killDaemon());
    await assert.rejects(leadMove(ends, vm, wish, { ...run, onProgress }), Failure);
    await killed;
    await two.startDaemon();
    disconnect();
    await connect();
    assert.equal(await settle(ends, vm), 'source');
    assert.match(await state(one), /^running/u);
    await one.virsh(['migrate-setspeed', 'web', '1000']);
  });

  it('leaves alone what somebody made in the moment before its snapshots are forgotten', async () => {
    await one.virsh(['snapshot-create-as', 'web', 'new']);
    const copies = await hosts[0]!.vmCopies();
    const known = await copies.readDocuments(vm.uuid);
    const older = { ...known, snapshots: [] };
    await assert.rejects(copies.forgetSnapshots(vm.uuid, older), { kind: 'refused' });
    await assert.rejects(copies.letGo(vm.uuid, older), { kind: 'refused' });
    assert.equal((await one.virsh(['snapshot-list', 'web', '--name'])).stdout.trim(), 'new');
    await copies.forgetSnapshots(vm.uuid, known);
    assert.equal((await one.virsh(['snapshot-list', 'web', '--name'])).stdout.trim(), '');
  });

  it('is brought to its end where its own host did not hear of it', async () => {
    const prepared = await ends.destination.prepare(vm, await ends.source.begin(vm, wish), wish);
    const sent = await ends.source.perform(vm, prepared, wish, run);
    await ends.destination.finish(vm, sent, wish);
    await one.killDaemon();
    await one.startDaemon();
    disconnect();
    await connect();
    assert.equal(await ends.source.stateOf(vm.uuid), 'torn');
    assert.equal(await settle(ends, vm), 'destination');
    assert.match(await state(one), /^shut off/u);
    assert.match(await state(two), /^running/u);
    await leadMove(back, vm, wish, run);
    await guest.waitForAgent();
  });

  it('is where it arrived, when it was paused and its own host did not hear of the end', async () => {
    await one.virsh(['suspend', 'web']);
    const paused = { ...wish, isPaused: true };
    const prepared = await ends.destination.prepare(vm, await ends.source.begin(vm, paused), paused);
    const sent = await ends.source.perform(vm, prepared, paused, run);
    await ends.destination.finish(vm, sent, paused);
    disconnect();
    await connect();
    assert.equal(await settle(ends, vm), 'destination');
    assert.match(await state(one), /^shut off/u);
    assert.match(await state(two), /^paused/u);
    // QEMU 7.2 ends where one that has never run since it came is sent on.
    await two.virsh(['resume', 'web']);
    await leadMove(back, vm, wish, run);
    await guest.waitForAgent();
  });

  it('goes on where it was, when the other host is gone in the middle of the end', async () => {
    const prepared = await ends.destination.prepare(vm, await ends.source.begin(vm, wish), wish);
    await ends.source.perform(vm, prepared, wish, run);
    await two.killDaemon();
    await two.startDaemon();
    disconnect();
    await connect();
    assert.equal(await ends.source.stateOf(vm.uuid), 'torn');
    assert.equal(await settle(ends, vm), 'source');
    await guest.waitForAgent();
    assert.match(await state(one), /^running/u);
  });
});

describe('a VM that runs and is moved', () => {
  let rig: MoveRig;
  let folder: string;
  const here = ['--address', '127.0.0.1'];

  before(async () => {
    rig = await startMoveRig();
    folder = mkdtempSync(join(tmpdir(), 'shared-'));
    const guest = await rig.one.rig.guest({ name: 'web', folder });
    await guest.start();
    for (const [title, count] of [
      ['first', 11],
      ['second', 22],
      ['third', 33],
    ] as const) {
      await guest.setCounters(count);
      await rig.one.run('done', 'checkpoint', 'web', title, '--kind', 'memory', '--style', 'internal');
    }
    await guest.setCounters(44);
    await rig.one.rig.virsh('autostart', 'web');
  });
  after(async () => {
    await rig.stop();
    rmSync(folder, { recursive: true });
  });

  const listed = (host: MoveHost): Promise<string> => host.rig.virsh('list', '--all', '--name');
  const counted = async ({ rig: { daemon } }: MoveHost): Promise<number> => {
    await waitForAgent(daemon.virsh, 'web');
    return (await counters(daemon.virsh, 'web')).memory;
  };
  const lasting = async ({ rig: own }: MoveHost, name: string): Promise<readonly string[]> =>
    (await own.virsh('dominfo', name)).split('\n').filter((line) => /^(Persistent|Autostart):/u.test(line));
  async function treeOn(host: MoveHost): Promise<unknown> {
    const names = await snapshotsOn(host, 'web');
    return {
      names,
      xml: await Promise.all(names.map((one) => host.rig.virsh('snapshot-dumpxml', 'web', one, '--security-info'))),
      current: await host.rig.virsh('snapshot-current', 'web', '--name'),
      info: await lasting(host, 'web'),
    };
  }
  const other = (host: MoveHost): MoveHost => (host === rig.one ? rig.other : rig.one);
  async function move(from: MoveHost): Promise<{ readonly stopMs: number }> {
    const words = ['move', 'web', other(from).uri, '-c', from.uri, ...here, '--yes'];
    const answer = await rig.one.json<{ moved: { stopMs: number } }>(...words);
    assert.deepEqual(faultsOf(answer), []);
    assert.equal(await listed(from), '');
    assert.match(await other(from).rig.virsh('domstate', 'web'), /^running/u);
    return answer.moved;
  }

  it('is tried for the plan, and stays', async () => {
    const words = ['move', 'web', rig.other.uri, '-c', rig.one.uri, ...here, '--plan'];
    const { plan } = await rig.one.json<{ plan: { runs: boolean; send: string[]; shared: string[] } }>(...words);
    assert.deepEqual([plan.runs, plan.send], [true, []]);
    assert.equal(plan.shared.length, 1);
    assert.equal(await listed(rig.other), '');
    assert.equal((await snapshotsOn(rig.one, 'web')).length, 3);
  });

  it('takes its RAM and its snapshots with it, there and back, and is reverted on either', async () => {
    const was = await treeOn(rig.one);
    for (let at = rig.one, round = 0; round < 4; round++, at = other(at)) {
      const { stopMs } = await move(at);
      assert.ok(stopMs > 0);
      assert.equal(await counted(other(at)), 44);
      assert.deepEqual(await treeOn(other(at)), was);
    }
    await move(rig.one);
    for (const [title, count] of [
      ['second', 22],
      ['first', 11],
    ] as const) {
      await rig.one.run('done', 'revert', 'web', title, '-c', rig.other.uri, '--no-checkpoint', '--yes');
      assert.equal(await counted(rig.other), count);
    }
    await move(rig.other);
    assert.equal(await counted(rig.one), 11);
  });

  it('takes external snapshots with it, there and back, after a revert and its undo', async () => {
    const guest = await rig.one.rig.guest({ name: 'outside', folder });
    await guest.start();
    const act = (...words: readonly string[]): Promise<string> =>
      rig.one.run('done', ...words.slice(0, 1), 'outside', ...words.slice(1), '-c', rig.one.uri);
    await act('checkpoint', 'disk', '--kind', 'disk');
    await act('checkpoint', 'ram', '--kind', 'memory', '--style', 'external');
    await act('revert', 'ram', '--yes');
    await act('undo', '--yes');
    await act('checkpoint', 'later', '--kind', 'memory', '--style', 'external');
    await act('revert', 'later', '--yes');
    await act('undo', '--yes');
    const names = (await snapshotsOn(rig.one, 'outside')).toSorted();
    for (const from of [rig.one, rig.other]) {
      await rig.one.run('done', 'move', 'outside', other(from).uri, '-c', from.uri, ...here, '--yes');
      assert.match(await other(from).rig.virsh('domstate', 'outside'), /^running/u);
      assert.deepEqual((await snapshotsOn(other(from), 'outside')).toSorted(), names);
    }
    await remove(rig.one, 'outside');
  });

  it('is refused where the other host has another file of that name, and where no way leads there', async () => {
    const own = rig.one.rig;
    const file = `${images}/own.qcow2`;
    for (const { tool } of [rig.one, rig.other]) {
      await tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '32M');
    }
    await defineDiskVm(own, 'own', [{ file, format: 'qcow2' }]);
    await own.virsh('start', 'own');
    const words = ['move', 'own', rig.other.uri, '-c', rig.one.uri, '--yes', ...here];
    assert.match(await rig.one.run('refused', ...words), /own\.qcow2/u);
    assert.match(await own.virsh('domstate', 'own'), /^running/u);
    await own.virsh('destroy', 'own');
    await own.virsh('undefine', 'own');
    assert.match(await rig.one.run('refused', 'move', 'web', rig.other.uri, '-c', rig.one.uri, '--yes'), /--address/u);
    assert.equal((await snapshotsOn(rig.one, 'web')).length, 3);
  });

  /** Runs, on a disk of its own. */
  async function startOther(name: string, file: string): Promise<void> {
    await rig.one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
    await defineDiskVm(rig.one.rig, name, [{ file, format: 'qcow2' }]);
    await rig.one.rig.virsh('start', name);
  }
  async function remove(host: MoveHost, name: string): Promise<void> {
    await host.rig.virsh('destroy', name);
    await host.rig.virsh('undefine', name, '--snapshots-metadata');
  }

  it('stays paused', async () => {
    await startOther('paused', join(folder, 'paused.qcow2'));
    await rig.one.rig.virsh('suspend', 'paused');
    const words = ['move', 'paused', rig.other.uri, '-c', rig.one.uri, ...here, '--yes'];
    const { moved } = await rig.one.json<{ moved: { runs: boolean } }>(...words);
    assert.equal(moved.runs, false);
    assert.equal(await rig.other.rig.virsh('domstate', 'paused'), 'paused');
    // Its QEMU would end.
    await rig.one.run('refused', 'move', 'paused', rig.one.uri, '-c', rig.other.uri, ...here, '--yes');
    assert.equal(await rig.other.rig.virsh('domstate', 'paused'), 'paused');
    await remove(rig.other, 'paused');
  });

  it('stays transient, with its snapshots as long as it runs', async () => {
    const { one, other: two } = rig;
    await startOther('fleeting', join(folder, 'fleeting.qcow2'));
    await one.rig.virsh('undefine', 'fleeting');
    await one.rig.virsh('snapshot-create-as', 'fleeting', 'inside');
    const was = await lasting(one, 'fleeting');
    const words = ['move', 'fleeting', two.uri, '-c', one.uri, ...here];
    assert.match(await one.run('done', ...words, '--plan'), /transient/u);
    await one.run('done', ...words, '--yes');
    assert.deepEqual(await lasting(two, 'fleeting'), was);
    assert.deepEqual(await snapshotsOn(two, 'fleeting'), ['inside']);
    await two.rig.virsh('snapshot-revert', 'fleeting', 'inside');
    await two.rig.virsh('destroy', 'fleeting');
    for (const host of [one, two]) {
      assert.ok(!(await listed(host)).split('\n').includes('fleeting'));
    }
  });

  it('is defined again with its snapshots, where it was transient and no host has it after an interruption', async () => {
    const { one, other: two } = rig;
    await startOther('undone', join(folder, 'undone.qcow2'));
    await one.rig.virsh('undefine', 'undone');
    await one.rig.virsh('snapshot-create-as', 'undone', 'inside');
    const words = ['move', 'undone', two.uri, '-c', one.uri, ...here, '--yes'];
    const child = spawn(process.execPath, [one.door, ...words], { env: one.env, stdio: 'ignore' });
    killAt('moving', child);
    await once(child, 'close');
    for (const host of [one, two]) {
      await host.rig.daemon.virsh(['destroy', 'undone']);
      await host.rig.daemon.virsh(['undefine', 'undone', '--snapshots-metadata']);
    }
    await one.run('done', 'recover', 'undone', '-c', one.uri);
    assert.deepEqual(await snapshotsOn(one, 'undone'), ['inside']);
    await one.rig.virsh('undefine', 'undone', '--snapshots-metadata');
  });

  it('is refused where a link in a common folder leads to another file on each host', async () => {
    const file = `${images}/linked.qcow2`;
    const link = join(folder, 'linked.qcow2');
    await rig.other.tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
    symlinkSync(file, link);
    await rig.one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
    await defineDiskVm(rig.one.rig, 'linked', [{ file: link, format: 'qcow2' }]);
    await rig.one.rig.virsh('start', 'linked');
    await rig.one.run('refused', 'move', 'linked', rig.other.uri, '-c', rig.one.uri, ...here, '--yes');
    await remove(rig.one, 'linked');
  });

  it('stays on the other host, where it went without us and got a snapshot, after we were interrupted', async () => {
    const { one, other: two } = rig;
    await startOther('went', join(folder, 'went.qcow2'));
    const words = ['move', 'went', two.uri, '-c', one.uri, ...here, '--yes'];
    const child = spawn(process.execPath, [one.door, ...words], { env: one.env, stdio: 'ignore' });
    killAt('moving', child);
    await once(child, 'close');
    const to = `qemu+unix:///system?socket=${two.rig.daemon.socket}`;
    const how = ['--live', '--persistent', '--unsafe', '--migrateuri', 'tcp://127.0.0.1'];
    await one.rig.virsh('migrate', ...how, 'went', to);
    await two.rig.virsh('destroy', 'went');
    await two.rig.virsh('snapshot-create-as', 'went', 'of-virsh', '--disk-only');
    await one.run('done', 'recover', 'went', '-c', one.uri);
    assert.deepEqual(await snapshotsOn(two, 'went'), ['of-virsh']);
    assert.ok(!(await listed(one)).split('\n').includes('went'));
    await two.rig.virsh('undefine', 'went', '--snapshots-metadata');
  });

  for (const phase of ['sending', 'defining', 'moving', 'on its way']) {
    it(`runs on one host with all its snapshots, when the program is killed in the middle: ${phase}`, async () => {
      const was = await treeOn(rig.one);
      const count = await counted(rig.one);
      const words = ['move', 'web', rig.other.uri, '-c', rig.one.uri, ...here, '--yes'];
      const child = spawn(process.execPath, [rig.one.door, ...words], { env: rig.one.env, stdio: 'ignore' });
      if (phase === 'on its way') {
        await rig.one.rig.virsh('migrate-setspeed', 'web', '4');
        void killOnItsWay(child);
      } else {
        killAt(phase, child);
      }
      const [code] = (await once(child, 'close')) as [number | null];
      assert.equal(code, null);
      await rig.one.run('done', 'recover', 'web', '-c', rig.one.uri);
      const on = [];
      for (const host of [rig.one, rig.other]) {
        if ((await listed(host)) !== '') {
          on.push(host);
        }
      }
      const [at, both] = on;
      assert.ok(at !== undefined && both === undefined, `on ${on.length} hosts`);
      assert.deepEqual(await treeOn(at), was);
      assert.match(await at.rig.virsh('domstate', 'web'), /^running/u);
      assert.equal(await counted(at), count);
      if (at === rig.other) {
        await move(rig.other);
      }
    });
  }

  it('is left to a person where it ran there on the common disk, nobody noted that, and it is off', async () => {
    const [from = rig.one] = await hostsWith('web', [rig.one, rig.other]);
    const to = other(from);
    await runInGuest(from.rig.daemon.virsh, 'web', 'sync');
    const words = ['move', 'web', to.uri, '-c', from.uri, ...here, '--yes'];
    const begun = actWhenWritten(rig.one, '"letRun":"asked"', words, async (child) => {
      // Its own host does not hear of the end.
      await from.rig.daemon.hangDaemon();
      onWritten(rig.one, '"letRun":"done"', () => child.kill('SIGKILL'));
    });
    assert.equal(await begun, null);
    await from.rig.daemon.unhangDaemon();
    for (const file of recordsOn(rig.one)) {
      writeFileSync(file, readFileSync(file, 'utf8').replace('"letRun":"done"', '"letRun":"asked"'));
    }
    await waitForAgent(to.rig.daemon.virsh, 'web');
    await counters(to.rig.daemon.virsh, 'web', 77);
    await runInGuest(to.rig.daemon.virsh, 'web', 'sync');
    await to.rig.virsh('destroy', 'web');
    await rig.one.run('refused', 'recover', 'web', '-c', from.uri);
    assert.match(await from.rig.virsh('domstate', 'web'), /^paused/u);
    await to.rig.virsh('start', 'web');
    await rig.one.run('done', 'recover', 'web', '-c', from.uri);
    assert.deepEqual(await hostsWith('web', [rig.one, rig.other]), [to]);
    await waitForAgent(to.rig.daemon.virsh, 'web');
    assert.ok(((await counters(to.rig.daemon.virsh, 'web')).disk ?? 0) >= 77);
  });

  /** As soon as its own host knows no snapshots of it, and a QEMU waits there for what it sends. */
  async function killOnItsWay(child: ChildProcess): Promise<void> {
    const [here, there] = [rig.one.rig.daemon, rig.other.rig.daemon];
    const isOnItsWay = async (): Promise<boolean> =>
      (await there.virsh(['domstate', 'web'])).stdout.startsWith('paused') &&
      (await here.virsh(['snapshot-list', 'web', '--name'])).stdout.trim() === '';
    while (child.exitCode === null && !(await isOnItsWay())) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    child.kill('SIGKILL');
  }

  /** As soon as it has written that this is next. */
  function killAt(phase: string, child: ChildProcess): void {
    const moves = mkdirOf(join(rig.one.rig.daemon.dir, 'journal', 'moves'));
    const look = (): void => {
      for (const id of readdirSync(moves).filter((one) => /^[\da-f]{32}$/u.test(one))) {
        const file = join(moves, id, 'move.json');
        if (existsSync(file) && readFileSync(file, 'utf8').includes(`"phase":"${phase}"`)) {
          child.kill('SIGKILL');
        }
      }
    };
    const watching = watchFolder(moves, { recursive: true }, look);
    child.once('close', () => watching.close());
  }
});

function mkdirOf(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

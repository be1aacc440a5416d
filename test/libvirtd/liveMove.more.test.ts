// A VM that runs moves between two hosts on one machine, whose disks lie in one folder: libvirt's part in it.
import assert from 'node:assert/strict';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { Failure } from '../../src/domain/failure.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import type { MigrationRun } from '../../src/driver/migrationHost.js';
import { leadMove, type MoveEnds, settle, tryMove } from '../../src/wings/cluster/live/leadMove.js';
import { silentLog } from '../silentLog.js';

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

// How long a guest stands still for a snapshot with RAM in a file of its own, live and where QEMU can guard the RAM, beside
// libvirt's default, the internal one, of the same guest. From the daemon's own events; knows nothing of what the stop consists of.
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import type { VmRef } from '../../src/domain/vm.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Inventory } from '../../src/engine/liveInventory.js';
import { silentLog } from '../silentLog.js';
import { type Daemon, median, onPrivateDaemon, remark, report } from './measure.js';

const rounds = 5;
const memoryMiB = 1024;
const touchedMiB = 800;
const idleMiB = 256;
/** For a stop that nobody feels. */
const feltMs = 30;

const ways = {
  internal: { style: 'internal' },
  live: { style: 'external', live: true },
  seamless: { style: 'external', seamless: true },
} as const;
type Way = keyof typeof ways;

interface Took {
  readonly paused: number;
  readonly whole: number;
}

void onPrivateDaemon(async (daemon) => {
  const guest = await defineTestGuest(daemon, { name: 'guest', memoryMiB });
  await guest.start();
  // Not zeros, which QEMU does not write.
  const fill = `mkdir /filled && mount -t tmpfs -o size=${touchedMiB + 20}m none /filled &&
    yes touched | dd of=/filled/all bs=1M count=${touchedMiB} iflag=fullblock`;
  const filled = await guest.run('sh', ['-c', fill]);
  if (filled.code !== 0) {
    throw new Error(filled.stderr);
  }
  const inventory = new Inventory({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  inventory.setConnections([daemon.uri]);
  const isGuarded = await canGuard(daemon);
  const vm = await refOf(inventory, daemon, 'guest');
  const names: readonly Way[] = ['internal', 'live', ...(isGuarded ? (['seamless'] as const) : [])];
  const took = await takeTurns(inventory, vm, names);
  const of = (way: Way, what: keyof Took): number => median((took.get(way) ?? []).map((one) => one[what]));
  const inUse = `${touchedMiB} of ${memoryMiB} MiB in use`;
  report({
    name: `guest stands still for a live external memory snapshot, ${inUse}`,
    ours: of('live', 'paused'),
    baseline: of('internal', 'paused'),
    unit: 'ms',
    goal: 0.35,
    against: 'an internal one',
  });
  remark(`The live external snapshot took ${Math.round(of('live', 'whole'))} ms in all.`);
  if (isGuarded) {
    const name = `guest stands still for a seamless memory snapshot, ${inUse}`;
    const ours = of('seamless', 'paused');
    report({ name, ours, baseline: of('internal', 'paused'), unit: 'ms', goal: 0.03, against: 'an internal one' });
    report({ name, ours, baseline: of('live', 'paused'), unit: 'ms', goal: 0.15, against: 'a live one' });
    const whole = { ours: of('seamless', 'whole'), baseline: of('live', 'whole'), unit: 'ms', against: 'a live one' };
    report({ ...whole, name: `a seamless memory snapshot in all, ${inUse}`, goal: 1.5 });
    await guest.remove();
    await idle(daemon, inventory);
  } else {
    remark('The seamless one needs QEMU 10.');
  }
  inventory.dispose();
});

async function idle(daemon: Daemon, inventory: Inventory): Promise<void> {
  const guest = await defineTestGuest(daemon, { name: 'idle', memoryMiB: idleMiB });
  await guest.start();
  const took = await takeTurns(inventory, await refOf(inventory, daemon, 'idle'), ['live', 'seamless']);
  const of = (way: Way, what: keyof Took): number => median(took.get(way)!.map((one) => one[what]));
  report({
    name: `guest of ${idleMiB} MiB that is idle stands still for a seamless memory snapshot`,
    ours: of('seamless', 'paused'),
    baseline: feltMs,
    unit: 'ms',
    goal: 1,
    against: 'what nobody feels',
  });
  const whole = { ours: of('seamless', 'whole'), baseline: of('live', 'whole'), unit: 'ms', against: 'a live one' };
  report({ ...whole, name: `a seamless memory snapshot in all, idle guest of ${idleMiB} MiB`, goal: 1.5 });
}

async function canGuard(daemon: Daemon): Promise<boolean> {
  const hypervisor = await libvirtHypervisor(silentLog, daemon.env)(daemon.uri, new AbortController().signal);
  const { capabilities } = hypervisor;
  hypervisor.close();
  return capabilities.hypervisor >= versionOf(10, 0) && capabilities.externalRevert;
}

async function refOf(inventory: Inventory, daemon: Daemon, name: string): Promise<VmRef> {
  await inventory.connect(daemon.uri);
  await inventory.refresh({ connection: daemon.uri });
  const view = inventory.findVms(name, daemon.uri)[0];
  if (view === undefined) {
    throw new Error(`there is no VM ${name}`);
  }
  return view.ref;
}

async function takeTurns(
  inventory: Inventory,
  vm: VmRef,
  names: readonly Way[],
): Promise<ReadonlyMap<Way, readonly Took[]>> {
  const took = new Map<Way, Took[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const { snapshot, guestPausedMs, durationMs } = await inventory.runOperation({
        ...{ kind: 'create', vm, snapshotKind: 'memory', title: name },
        ...ways[name],
      });
      if (guestPausedMs === undefined) {
        throw new Error('no stop of the guest was seen');
      }
      // A VM keeps to one style, so nothing may be left of this one.
      await inventory.runOperation({ kind: 'delete', vm, snapshot: snapshot!, scope: 'one' });
      took.get(name)!.push({ paused: guestPausedMs, whole: durationMs });
    }
  }
  return took;
}

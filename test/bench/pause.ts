// How long a guest that writes its RAM stands still for a snapshot with RAM in a file of its own, live and where QEMU can guard the
// RAM, beside libvirt's default, the internal one, of the same guest. From the daemon's own events; knows nothing of what the stop
// consists of.
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
/** Of these, again and again. */
const writtenMiBs = 100;
const idleMiB = 256;
const idleRounds = 11;
/** For a stop that nobody feels, be it the longest. */
const feltMs = 30;
/** Of a guest that writes to no disk meanwhile, so that its disks can go over while it runs. */
const unwrittenMs = 12;

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

/** Not with zeros, which QEMU does not write. */
const fill = `mkdir /filled && mount -t tmpfs -o size=${touchedMiB + 20}m none /filled &&
  yes touched | dd of=/filled/all bs=1M count=${touchedMiB} iflag=fullblock`;

/**
 * A tenth of it at a time, one place after the other, and not before its time has come; what was missed is not made up for. Its
 * uptime stands still with the guest. Shell of busybox; the centiseconds are counted without their leading zero.
 */
const pieceMiB = writtenMiBs / 10;
const now = 'read up rest </proc/uptime; now=$((${up%.*} * 100 + 1${up#*.} - 100))';
const writeOnAndOn = `at=0; written=0; ${now}; due=$now; echo $now 0 >/filled/new; mv /filled/new /filled/rate
  while :; do
    dd if=/filled/all of=/filled/all bs=1M count=${pieceMiB} skip=$at seek=$at conv=notrunc 2>/dev/null
    at=$(((at + ${pieceMiB}) % ${touchedMiB})); written=$((written + ${pieceMiB}))
    ${now}; echo $now $written >/filled/new; mv /filled/new /filled/rate
    due=$((due + 10)); [ $due -lt $now ] && due=$now
    usleep $(((due - now) * 10000))
  done`;
const progress = 'until [ -e /filled/rate ]; do usleep 10000; done; cat /filled/rate';

/** The guest's own account: since when it runs, and what it has written. */
function writtenUntil(told: string): { readonly seconds: number; readonly mebibytes: number } {
  const [centiseconds = Number.NaN, mebibytes = Number.NaN] = told.trim().split(' ').map(Number);
  return { seconds: centiseconds / 100, mebibytes };
}

void onPrivateDaemon(async (daemon) => {
  const guest = await defineTestGuest(daemon, { name: 'guest', memoryMiB });
  await guest.start();
  const inGuest = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await guest.run('sh', ['-c', script]);
    if (code !== 0) {
      throw new Error(stderr);
    }
    return stdout;
  };
  await inGuest(fill);
  await inGuest(`setsid sh -c '${writeOnAndOn}' </dev/null >/dev/null 2>&1 &`);
  const inventory = new Inventory({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  inventory.setConnections([daemon.uri]);
  const isGuarded = await canGuard(daemon);
  const vm = await refOf(inventory, daemon, 'guest');
  const names: readonly Way[] = ['internal', 'live', ...(isGuarded ? (['seamless'] as const) : [])];
  const before = writtenUntil(await inGuest(progress));
  const took = await takeTurns(inventory, vm, names, rounds);
  const after = writtenUntil(await inGuest(progress));
  const rate = (after.mebibytes - before.mebibytes) / (after.seconds - before.seconds);
  remark(`The guest wrote ${rate.toFixed(0)} MiB of its RAM in each second that it ran; ${writtenMiBs} are wanted.`);
  const of = (way: Way, what: keyof Took): number => median((took.get(way) ?? []).map((one) => one[what]));
  const inUse = `${touchedMiB} of ${memoryMiB} MiB in use, written at ${writtenMiBs} MiB/s`;
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
  const took = await takeTurns(inventory, await refOf(inventory, daemon, 'idle'), ['live', 'seamless'], idleRounds);
  const of = (way: Way, what: keyof Took): number => median(took.get(way)!.map((one) => one[what]));
  const name = `guest of ${idleMiB} MiB that is idle stands still for a seamless memory snapshot`;
  report({
    name: `${name}, the longest of ${idleRounds}`,
    ours: Math.max(...took.get('seamless')!.map(({ paused }) => paused)),
    baseline: feltMs,
    unit: 'ms',
    goal: 1,
    against: 'what nobody feels',
  });
  report({
    name: `${name}, the middle one`,
    ours: of('seamless', 'paused'),
    baseline: unwrittenMs,
    unit: 'ms',
    goal: 1,
    against: 'where nothing is written',
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
  count: number,
): Promise<ReadonlyMap<Way, readonly Took[]>> {
  const took = new Map<Way, Took[]>(names.map((name) => [name, []]));
  for (let round = 0; round < count; round++) {
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

// How long a guest stands still for a snapshot with RAM in a file of its own, live and, where QEMU can guard the RAM, of one that
// writes it all the time; beside libvirt's default, the internal one, of the same guest. From the daemon's own events; knows nothing
// of what the stop consists of.
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

type Turns = ReadonlyMap<Way, readonly Took[]>;

const inUse = `${touchedMiB} of ${memoryMiB} MiB in use`;

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
  const inventory = new Inventory({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  inventory.setConnections([daemon.uri]);
  const isGuarded = await canGuard(daemon);
  const vm = await refOf(inventory, daemon, 'guest');
  const took = await takeTurns(inventory, vm, ['internal', 'live'], rounds);
  report({
    name: `guest stands still for a live external memory snapshot, ${inUse}`,
    ours: middle(took, 'live', 'paused'),
    baseline: middle(took, 'internal', 'paused'),
    unit: 'ms',
    goal: 0.35,
    against: 'an internal one',
  });
  remark(`The live external snapshot took ${Math.round(middle(took, 'live', 'whole'))} ms in all.`);
  if (isGuarded) {
    await inGuest(`setsid sh -c '${writeOnAndOn}' </dev/null >/dev/null 2>&1 &`);
    const told = (): Promise<string> => inGuest(progress);
    await writing(told, () => takeTurns(inventory, vm, ['internal', 'live', 'seamless'], rounds));
    await guest.remove();
    await idle(daemon, inventory);
  } else {
    remark('The seamless one needs QEMU 10.');
  }
  inventory.dispose();
});

/** Of the guest that writes meanwhile. @param told what it tells of that */
async function writing(told: () => Promise<string>, turns: () => Promise<Turns>): Promise<void> {
  const before = writtenUntil(await told());
  const took = await turns();
  const after = writtenUntil(await told());
  const rate = (after.mebibytes - before.mebibytes) / (after.seconds - before.seconds);
  remark(`The guest wrote ${rate.toFixed(0)} MiB of its RAM in each second that it ran; ${writtenMiBs} are wanted.`);
  const written = `${inUse}, written at ${writtenMiBs} MiB/s`;
  const ours = { name: `guest stands still for a seamless memory snapshot, ${written}`, unit: 'ms' };
  const paused = { ...ours, ours: middle(took, 'seamless', 'paused') };
  report({ ...paused, baseline: middle(took, 'internal', 'paused'), goal: 0.03, against: 'an internal one' });
  report({ ...paused, baseline: middle(took, 'live', 'paused'), goal: 0.15, against: 'a live one' });
  reportWhole(took, written);
}

function reportWhole(took: Turns, what: string): void {
  report({
    name: `a seamless memory snapshot in all, ${what}`,
    ours: middle(took, 'seamless', 'whole'),
    baseline: middle(took, 'live', 'whole'),
    unit: 'ms',
    goal: 1.5,
    against: 'a live one',
  });
}

async function idle(daemon: Daemon, inventory: Inventory): Promise<void> {
  const guest = await defineTestGuest(daemon, { name: 'idle', memoryMiB: idleMiB });
  await guest.start();
  const took = await takeTurns(inventory, await refOf(inventory, daemon, 'idle'), ['live', 'seamless'], idleRounds);
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
    ours: middle(took, 'seamless', 'paused'),
    baseline: unwrittenMs,
    unit: 'ms',
    goal: 1,
    against: 'where nothing is written',
  });
  reportWhole(took, `idle guest of ${idleMiB} MiB`);
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

async function takeTurns(inventory: Inventory, vm: VmRef, names: readonly Way[], count: number): Promise<Turns> {
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

function middle(took: Turns, way: Way, what: keyof Took): number {
  return median((took.get(way) ?? []).map((one) => one[what]));
}

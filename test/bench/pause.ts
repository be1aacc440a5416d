// How long a guest stands still for a snapshot with RAM in a file of its own, live and, where QEMU can guard the RAM,
// of one that writes it all the time; beside libvirt's default, the internal one, of the same guest. From the daemon's
// own events, and from its own silence: one that writes its RAM has the writer's turns in that, too.
//   BENCH_ROUNDS    fewer or more rounds of each, for a try
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import type { OperationResult } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { silentLog } from '../silentLog.js';
import { type Daemon, median, onPrivateDaemon, remark, report } from './measure.js';
import { SilentGuest } from './silentGuest.js';
import { partsTable, type StopParts, stopParts } from './stopParts.js';

const roundsWanted = Number(process.env['BENCH_ROUNDS'] ?? Number.NaN);
const rounds = roundsWanted || 5;
const memoryMiB = 1024;
const touchedMiB = 800;
/** How much the guest writes again and again. */
const writtenMiBs = 100;
const idleMiB = 256;
const idleRounds = roundsWanted || 11;
/** For a stop that nobody feels, be it the longest. */
const feltMs = 30;
/** The pause of a guest that writes to no disk meanwhile, so that its disks can be copied while it runs. */
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
  /** The guest's own account, where it gives one. */
  readonly silent: number;
}

type Turns = ReadonlyMap<Way, readonly Took[]>;

const inUse = `${touchedMiB} of ${memoryMiB} MiB in use`;

/** Not with zeros, which QEMU does not write. */
const fill = `mkdir /filled && mount -t tmpfs -o size=${touchedMiB + 20}m none /filled &&
  yes touched | dd of=/filled/all bs=1M count=${touchedMiB} iflag=fullblock`;

/**
 * A tenth of it at a time, one place after the other, and not before its time has come; what was missed is not made up
 * for. Its uptime stands still with the guest. Shell of busybox; the centiseconds are counted without their leading
 * zero.
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

/** So that libvirt has to stop it. */
const writeToDisk = 'while :; do echo written >/data/written; sync; done';

type TestGuest = Awaited<ReturnType<typeof defineTestGuest>>;

async function runIn(guest: TestGuest, script: string): Promise<string> {
  const { code, stdout, stderr } = await guest.run('sh', ['-c', script]);
  if (code !== 0) {
    throw new Error(stderr);
  }
  return stdout;
}

function inBackground(script: string): string {
  return `setsid sh -c '${script}' </dev/null >/dev/null 2>&1 &`;
}

void onPrivateDaemon(async (daemon) => {
  const guest = await defineTestGuest(daemon, { name: 'guest', memoryMiB });
  const ear = await SilentGuest.start(daemon, guest);
  const inGuest = (script: string): Promise<string> => runIn(guest, script);
  await inGuest(fill);
  const engine = new Engine({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  engine.setConnections([daemon.uri]);
  const isGuarded = await canGuard(daemon);
  const vm = await refOf(engine, daemon, 'guest');
  const took = await takeTurns(engine, vm, ['internal', 'live'], rounds);
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
    await inGuest(inBackground(writeOnAndOn));
    const told = (): Promise<string> => inGuest(progress);
    await writing(told, () => takeTurns(engine, vm, ['internal', 'live', 'seamless'], rounds, ear), ear);
    const partsOf = async (one: TestGuest, ref: VmRef): Promise<StopParts> => {
      await runIn(one, inBackground(writeToDisk));
      return stopParts(daemon, one.name, rounds, (snapshot) =>
        engine.runOperation({ kind: 'delete', vm: ref, snapshot, scope: 'one' }),
      );
    };
    await ear.stop();
    const large = await partsOf(guest, vm);
    await guest.remove();
    const small = await idle(daemon, engine, partsOf);
    remark(
      `What the stop consists of, of guests that write to their disk all the time:\n\n${partsTable({
        [`${idleMiB} MiB`]: small,
        [`${memoryMiB} MiB, ${inUse}, written at ${writtenMiBs} MiB/s`]: large,
      })}`,
    );
  } else {
    await ear.stop();
    remark('The seamless one needs QEMU 10.');
  }
  engine.dispose();
});

/** Measures the guest that writes meanwhile. @param told what it tells of that */
async function writing(told: () => Promise<string>, turns: () => Promise<Turns>, ear: SilentGuest): Promise<void> {
  const before = writtenUntil(await told());
  const took = await turns();
  const after = writtenUntil(await told());
  const rate = (after.mebibytes - before.mebibytes) / (after.seconds - before.seconds);
  remark(`The guest wrote ${rate.toFixed(0)} MiB of its RAM in each second that it ran; ${writtenMiBs} are wanted.`);
  const written = `${inUse}, written at ${writtenMiBs} MiB/s`;
  for (const [what, as] of [
    ['paused', 'stands still'],
    ['silent', 'is silent'],
  ] as const) {
    const row = {
      name: `guest ${as} for a seamless memory snapshot, ${written}`,
      unit: 'ms',
      ours: middle(took, 'seamless', what),
    };
    report({ ...row, baseline: middle(took, 'internal', what), goal: 0.03, against: 'an internal one' });
    report({ ...row, baseline: middle(took, 'live', what), goal: 0.15, against: 'a live one' });
  }
  reportWhole(took, written);
  await tellSilence(took, ear, `Guest of ${memoryMiB} MiB, ${written}`);
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

/** Its silence tells more than libvirt, which may tell of QEMU's stop and its end at once. */
async function idle(
  daemon: Daemon,
  engine: Engine,
  partsOf: (guest: TestGuest, vm: VmRef) => Promise<StopParts>,
): Promise<StopParts> {
  const guest = await defineTestGuest(daemon, { name: 'idle', memoryMiB: idleMiB });
  const ear = await SilentGuest.start(daemon, guest);
  const vm = await refOf(engine, daemon, 'idle');
  const took = await takeTurns(engine, vm, ['internal', 'live', 'seamless'], idleRounds, ear);
  const name = `guest of ${idleMiB} MiB that is idle stands still for a seamless memory snapshot`;
  report({
    name: `${name}, the longest of ${idleRounds}`,
    ours: longest(took, 'seamless', 'paused'),
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
  const silent = `guest of ${idleMiB} MiB that is idle is silent for a seamless memory snapshot, the middle one`;
  const heard = { unit: 'ms', ours: middle(took, 'seamless', 'silent') };
  report({ ...heard, name: silent, baseline: feltMs, goal: 1, against: 'what nobody feels' });
  report({
    ...heard,
    name: `${silent}, beside live`,
    baseline: middle(took, 'live', 'silent'),
    goal: 0.15,
    against: 'a live one',
  });
  reportWhole(took, `idle guest of ${idleMiB} MiB`);
  await tellSilence(took, ear, `Guest of ${idleMiB} MiB that is idle`);
  await ear.stop();
  const parts = await partsOf(guest, vm);
  await guest.remove();
  return parts;
}

/** Beside what is heard of a guest of which no snapshot is taken, on the same host. */
async function tellSilence(took: Turns, ear: SilentGuest, what: string): Promise<void> {
  const nothing: number[] = [];
  const count = took.get('seamless')?.length ?? 0;
  for (let round = 0; round < count; round++) {
    nothing.push((await ear.during(() => wait(middle(took, 'seamless', 'whole')))).silentMs);
  }
  const times = (way: Way, what: keyof Took): string =>
    `${middle(took, way, what).toFixed(1)}, ${longest(took, way, what).toFixed(1)}`;
  const rows = [...took.keys()].map((way) => [
    way,
    ...(['paused', 'silent', 'whole'] as const).map((of) => times(way, of)),
  ]);
  const none = ['no snapshot', '–', `${median(nothing).toFixed(1)}, ${Math.max(...nothing).toFixed(1)}`, '–'];
  const head = ['way', 'stop by events', 'silence of the guest', 'in all'];
  const table = [head, head.map(() => '---'), ...rows, none].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  remark(`${what}, ${count} of each in turn; middle and longest, in ms:\n\n${table}`);
}

async function canGuard(daemon: Daemon): Promise<boolean> {
  const hypervisor = await libvirtHypervisor(silentLog, daemon.env)(daemon.uri, new AbortController().signal);
  const { capabilities } = hypervisor;
  hypervisor.close();
  return capabilities.hypervisor >= versionOf(10, 0) && capabilities.externalRevert;
}

async function refOf(engine: Engine, daemon: Daemon, name: string): Promise<VmRef> {
  await engine.connect(daemon.uri);
  await engine.refresh({ connection: daemon.uri });
  const view = engine.findVms(name, daemon.uri)[0];
  if (view === undefined) {
    throw new Error(`there is no VM ${name}`);
  }
  return view.ref;
}

async function takeTurns(
  engine: Engine,
  vm: VmRef,
  names: readonly Way[],
  count: number,
  ear?: SilentGuest,
): Promise<Turns> {
  const took = new Map<Way, Took[]>(names.map((name) => [name, []]));
  for (let round = 0; round < count; round++) {
    for (const name of names) {
      const take = (): Promise<OperationResult> =>
        engine.runOperation({ kind: 'create', vm, snapshotKind: 'memory', title: name, ...ways[name] });
      const { made, silentMs } =
        ear === undefined ? { made: await take(), silentMs: Number.NaN } : await ear.during(take);
      const { snapshot, guestPausedMs, durationMs } = made;
      if (guestPausedMs === undefined) {
        throw new Error('no stop of the guest was seen');
      }
      // A VM keeps to one style, so nothing may be left of this one.
      await engine.runOperation({ kind: 'delete', vm, snapshot: snapshot!, scope: 'one' });
      took.get(name)!.push({ paused: guestPausedMs, whole: durationMs, silent: silentMs });
    }
  }
  return took;
}

function middle(took: Turns, way: Way, what: keyof Took): number {
  return median((took.get(way) ?? []).map((one) => one[what]));
}

function longest(took: Turns, way: Way, what: keyof Took): number {
  return Math.max(...(took.get(way) ?? []).map((one) => one[what]));
}

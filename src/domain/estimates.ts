// Honest guesses of how long things take, where libvirt tells no progress. Measured on plain disks with libvirt 9.0 to
// 12.8 at 256 MB and 1 GB of touched memory. A VM's whole memory is taken as touched, so they err on the long side.
import type { MeasuredOperation } from './loggedOperation.js';
import type { SnapshotSize } from './layers.js';
import type { Snapshot, SnapshotKind, SnapshotTree, SnapshotStyle } from './snapshot.js';
import { type Vm, isActive } from './vm.js';

const gigabyte = 1024 ** 3;

/** Where RAM is kept, and in which way it comes there. */
export type RamMethod = 'internal' | 'external' | 'live' | 'seamless';

/** As it is planned to be. */
export function ramMethodOf({
  style,
  live,
  seamless,
}: {
  readonly style: SnapshotStyle;
  readonly live?: boolean;
  readonly seamless?: true;
}): RamMethod {
  return seamless === true ? 'seamless' : live === true ? 'live' : style;
}

/**
 * How long the guest stands still while its RAM is written: 0.28 s at 256 MB, 1.1 to 1.6 s at 1 GB; live 0.1 and 0.36
 * s; seamless 24 to 60 ms, more on a busy host.
 */
export function guestStopMs(memoryBytes: number, how: RamMethod): number {
  const perGigabyte = { internal: 1_100, external: 1_450, live: 330, seamless: 25 }[how];
  return Math.round((how === 'live' || how === 'seamless' ? 30 : 150) + (perGigabyte * memoryBytes) / gigabyte);
}

/** So many of the newest are believed: a VM of long ago had other work to do. */
const mostMeasured = 3;
/** A description can be written by any client. */
const longestMeasuredMs = 600_000;

/**
 * The same for people, who have seen what it took this VM before.
 *
 * | snapshots that were kept in the same way and tell how long the guest stood still | is                        |
 * |------------------------------------------------------------------------|-------------------------------------|
 * | some                                                                   | the longest of the newest three     |
 * | none                                                                   | the guess                           |
 * | external is asked for: none, but some whose way nobody wrote down      | the longest of the newest three of these, or the guess where it is longer: the short ones may have been live |
 */
export function displayedStopMs(memoryBytes: number, how: RamMethod, { snapshots }: SnapshotTree): number {
  const guess = guestStopMs(memoryBytes, how);
  const measured = snapshots
    .filter(({ kind, trailers }) => kind === 'memory' && trailers.guestPausedMs !== undefined)
    .toSorted((a, b) => b.createdAt - a.createdAt);
  const longest = (way: RamMethod | undefined): number =>
    Math.max(
      ...measured
        .filter((snapshot) => wayOf(snapshot) === way)
        .slice(0, mostMeasured)
        .map(({ trailers }) => Math.min(trailers.guestPausedMs ?? 0, longestMeasuredMs)),
    );
  const [seen, unsure] = [longest(how), longest(undefined)];
  return seen >= 0 ? seen : how === 'external' ? Math.max(unsure, guess) : guess;
}

/** How the RAM of a snapshot was saved; undefined: in a file, without a record of the way. */
function wayOf({ style, trailers: { ramWritten } }: Snapshot): RamMethod | undefined {
  return style === 'internal' ? 'internal' : ramWritten === 'stopped' ? 'external' : ramWritten;
}

/**
 * Live takes longer, because the guest goes on writing: 0.25 s at 256 MB, 2.8 s at 1 GB. Seamless 0.7 and 3.1 to 3.4 s.
 */
export function createMs(kind: SnapshotKind, how: RamMethod, memoryBytes: number): number {
  if (kind !== 'memory') {
    return 150;
  }
  if (how === 'seamless') {
    return Math.round(100 + (3_100 * memoryBytes) / gigabyte);
  }
  return how === 'live' ? Math.round(150 + (2_700 * memoryBytes) / gigabyte) : guestStopMs(memoryBytes, how);
}

/** As `createMs`, for people: where the guest stands still until all is written, what was seen of this VM counts. */
export function displayedCreateMs(
  kind: SnapshotKind,
  how: RamMethod,
  memoryBytes: number,
  tree: SnapshotTree = { snapshots: [] },
): number {
  return kind === 'memory' && (how === 'internal' || how === 'external')
    ? displayedStopMs(memoryBytes, how, tree)
    : createMs(kind, how, memoryBytes);
}

/** With QEMU's end (0.25 s) and start (0.4 s) where there are any; without the guest's own start. */
function revertMs(vm: Vm, snapshot: Snapshot, ends: 'active' | 'off'): number {
  const perGigabyte = snapshot.style === 'internal' ? 1_700 : 700;
  const load = snapshot.kind === 'memory' ? 150 + (perGigabyte * vm.memoryBytes) / gigabyte : 50;
  return Math.round(load + (isActive(vm.power) ? 250 : 0) + (ends === 'active' ? 400 : 0));
}

interface RevertToEstimate {
  readonly vm: Vm;
  readonly snapshot: Snapshot;
  readonly ends: 'active' | 'off';
  /** Milliseconds that its checkpoint is told to take; absent: it takes none. */
  readonly checkpointMs?: number;
}

/**
 * A revert with its checkpoint, for people. Alike: to a snapshot of the same kind and style, from and to a VM that is
 * on, or off.
 *
 * | measured of those alike         | is                                                   |
 * |---------------------------------|------------------------------------------------------|
 * | some with, or without, as asked | the longest of the newest three                      |
 * | some without, asked is with     | the longest of the newest three, and the checkpoint's |
 * | none                            | the guess, and the checkpoint's                      |
 */
export function displayedRevertMs(
  { vm, snapshot, ends, checkpointMs }: RevertToEstimate,
  measured: readonly MeasuredOperation[] = [],
): number {
  const alike = measured.filter(
    ({ request, took, before, after }) =>
      request.kind === 'revert' &&
      took.style === snapshot.style &&
      took.kind === snapshot.kind &&
      isActive(before.power) === isActive(vm.power) &&
      isActive(after.power) === (ends === 'active'),
  );
  const longest = (kept: boolean): number | undefined =>
    longestOf(alike.filter(({ checkpoint }) => (checkpoint !== undefined) === kept).map(({ took }) => took.ms));
  if (checkpointMs === undefined) {
    return longest(false) ?? revertMs(vm, snapshot, ends);
  }
  return longest(true) ?? (longest(false) ?? revertMs(vm, snapshot, ends)) + checkpointMs;
}

/**
 * How long internal snapshots take to be deleted, for people: for each the longest of the newest three times that it
 * took to delete such of this VM, on or off as it is now, or the guess.
 */
export function displayedInternalDeleteMs(
  vm: Vm,
  doomed: readonly Pick<Snapshot, 'kind'>[],
  measured: readonly MeasuredOperation[] = [],
): number {
  const hasRam = doomed.some(({ kind }) => kind === 'memory');
  const seen = longestOf(
    measured
      .filter(
        ({ request, took, before }) =>
          request.kind === 'delete' &&
          took.style === 'internal' &&
          (took.kind === 'memory') === hasRam &&
          isActive(before.power) === isActive(vm.power),
      )
      .map(({ took }) => took.ms / took.snapshots),
  );
  return Math.round((seen ?? internalDeleteMs(vm.memoryBytes)) * doomed.length);
}

/** Returns the longest of the newest few; undefined where there is none. @param measured milliseconds, oldest first */
function longestOf(measured: readonly number[]): number | undefined {
  const newest = measured.slice(-mostMeasured);
  return newest.length === 0 ? undefined : Math.min(Math.max(...newest), longestMeasuredMs);
}

/** The VM stalls while an internal snapshot is removed under it: 50 ms at 256 MB, 170 ms at 1 GB. */
function internalDeleteMs(memoryBytes: number): number {
  return Math.round(50 + (150 * memoryBytes) / gigabyte);
}

/**
 * What RAM takes on the host, for people: the most of the newest three of this VM that were kept in the same style.
 * Undefined where none of them was seen.
 */
export function displayedRamBytes(
  style: SnapshotStyle,
  { snapshots }: SnapshotTree,
  sizes: readonly SnapshotSize[],
): number | undefined {
  const bytes = snapshots
    .filter((snapshot) => snapshot.kind === 'memory' && snapshot.style === style)
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .flatMap(({ name }) => sizes.find(({ snapshot }) => snapshot === name)?.memoryBytes ?? [])
    .filter((one) => one !== 'unknown')
    .slice(0, mostMeasured);
  return bytes.length === 0 ? undefined : Math.max(...bytes);
}

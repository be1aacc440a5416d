// Honest guesses of how long things take, where libvirt tells no progress. Measured on plain disks with libvirt 9.0 to
// 12.8 at 256 MB and 1 GB of touched memory. A VM's whole memory is taken as touched, so they err on the long side.
import type { Snapshot, SnapshotKind, SnapshotTree } from './snapshot.js';
import { type Vm, isActive } from './vm.js';

const gigabyte = 1024 ** 3;

/** Where RAM is kept, and in which way it comes there. */
export type HowKept = 'internal' | 'external' | 'live' | 'seamless';

/**
 * How long the guest stands still while its RAM is written: 0.28 s at 256 MB, 1.1 to 1.6 s at 1 GB; live 0.1 and 0.36 s;
 * seamless 24 to 60 ms, more on a busy host.
 */
export function guestStopMs(memoryBytes: number, how: HowKept): number {
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
 * | snapshots of the same style that tell how long the guest stood still | is                                          |
 * |-----------------------------------------------------------------------|---------------------------------------------|
 * | none                                                                  | the guess                                   |
 * | internal                                                              | the longest of the newest three             |
 * | live, seamless                                                        | the guess: which external one was of these is not known |
 * | external                                                              | that, or the guess where it is longer: the short ones may have been live |
 */
export function toldStopMs(memoryBytes: number, how: HowKept, { snapshots }: SnapshotTree): number {
  const guess = guestStopMs(memoryBytes, how);
  const measured = snapshots
    .filter(({ kind, style, trailers }) => kind === 'memory' && style === how && trailers.guestPausedMs !== undefined)
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(0, mostMeasured)
    .map(({ trailers }) => Math.min(trailers.guestPausedMs ?? 0, longestMeasuredMs));
  return measured.length === 0 ? guess : Math.max(...measured, ...(how === 'internal' ? [] : [guess]));
}

/** Live takes longer, because the guest goes on writing: 0.25 s at 256 MB, 2.8 s at 1 GB. Seamless 0.7 and 3.1 to 3.4 s. */
export function createMs(kind: SnapshotKind, how: HowKept, memoryBytes: number): number {
  if (kind !== 'memory') {
    return 150;
  }
  if (how === 'seamless') {
    return Math.round(100 + (3_100 * memoryBytes) / gigabyte);
  }
  return how === 'live' ? Math.round(150 + (2_700 * memoryBytes) / gigabyte) : guestStopMs(memoryBytes, how);
}

/** As `createMs`, for people: what was seen of this VM counts. */
export function toldCreateMs(
  kind: SnapshotKind,
  style: 'internal' | 'external',
  memoryBytes: number,
  tree: SnapshotTree = { snapshots: [] },
): number {
  return kind === 'memory' ? toldStopMs(memoryBytes, style, tree) : createMs(kind, style, memoryBytes);
}

/** With QEMU's end (0.25 s) and start (0.4 s) where there are any; without the guest's own start. */
export function revertMs(vm: Vm, snapshot: Snapshot, ends: 'active' | 'off'): number {
  const perGigabyte = snapshot.style === 'internal' ? 1_700 : 700;
  const load = snapshot.kind === 'memory' ? 150 + (perGigabyte * vm.memoryBytes) / gigabyte : 50;
  return Math.round(load + (isActive(vm.power) ? 250 : 0) + (ends === 'active' ? 400 : 0));
}

/** The VM stalls while an internal snapshot is removed under it: 50 ms at 256 MB, 170 ms at 1 GB. */
export function internalDeleteMs(memoryBytes: number): number {
  return Math.round(50 + (150 * memoryBytes) / gigabyte);
}

// Honest guesses of how long things take, where libvirt tells no progress. Measured on plain disks with libvirt 9.0 to
// 12.8 at 256 MB and 1 GB of touched memory. A VM's whole memory is taken as touched, so they err on the long side.
import type { Snapshot, SnapshotKind } from './snapshot.js';
import { type Vm, isActive } from './vm.js';

const gigabyte = 1024 ** 3;

/**
 * How long the guest stands still while its RAM is written: 0.28 s at 256 MB, 1.1 to 1.6 s at 1 GB; live 0.1 and 0.36 s.
 */
export function guestStopMs(memoryBytes: number, how: 'internal' | 'external' | 'live'): number {
  const perGigabyte = { internal: 1_100, external: 1_450, live: 330 }[how];
  return Math.round((how === 'live' ? 30 : 150) + (perGigabyte * memoryBytes) / gigabyte);
}

/** Live takes longer, because the guest goes on writing: 0.25 s at 256 MB, 2.8 s at 1 GB. */
export function createMs(kind: SnapshotKind, how: 'internal' | 'external' | 'live', memoryBytes: number): number {
  if (kind !== 'memory') {
    return 150;
  }
  return how === 'live' ? Math.round(150 + (2_700 * memoryBytes) / gigabyte) : guestStopMs(memoryBytes, how);
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

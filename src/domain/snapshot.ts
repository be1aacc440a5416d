// What a snapshot is, and the tree that a VM's snapshots form: readonly values and pure functions.
import type { Trailers } from './description.js';

/** What reverting brings back: RAM and disks, disks of a running VM, or disks of a VM that was off. */
export const snapshotKinds = ['memory', 'disk', 'offline'] as const;
export type SnapshotKind = (typeof snapshotKinds)[number];

/** In the images, or in files over them. */
export const snapshotStyles = ['internal', 'external'] as const;
export type SnapshotStyle = (typeof snapshotStyles)[number];

/** Where a part of a snapshot is kept: inside the image, in a file of its own, by the user's storage, or not at all. */
export type Location = 'no' | 'internal' | 'external' | 'manual';

/** State of the VM when the snapshot was taken, in libvirt's words but `off` for shutoff. */
export type SnapshotState = 'running' | 'paused' | 'off' | 'disk-snapshot' | 'crashed' | 'pmsuspended' | 'unknown';

export interface SnapshotDisk {
  readonly target: string;
  readonly location: Location;
  /** The overlay that was created for what came after an external snapshot. */
  readonly file?: string;
  /** An earlier delete of a child did not finish on this disk. */
  readonly deleteInProgress: boolean;
  /** Elements and attributes, as paths from the disk on, that are not known here. */
  readonly foreign?: readonly string[];
}

export interface Snapshot {
  /** The name that libvirt knows. */
  readonly name: string;
  /** What people read: the `Title:` trailer, or the name. */
  readonly title: string;
  /** The description without its trailers. */
  readonly description: string;
  readonly trailers: Trailers;
  readonly parent?: string;
  /** Milliseconds since 1970, of a whole second. Two snapshots can share one; the parent links give the order. */
  readonly createdAt: number;
  readonly state: SnapshotState;
  readonly memory: { readonly location: Location; readonly file?: string };
  readonly disks: readonly SnapshotDisk[];
  /** What ran had processors that can be unplugged. */
  readonly pluggedProcessors?: true;
  /** The file of the UEFI variables in its configuration. */
  readonly nvram?: string;
  /**
   * The overlays that the VM got when this snapshot was the target of a revert; only for the current one with children.
   */
  readonly revertDisks?: readonly SnapshotDisk[];
  readonly kind: SnapshotKind;
  /** External if any part is: libvirt decides so too. */
  readonly style: SnapshotStyle;
}

/**
 * | memory part        | state         | kind    |
 * |--------------------|---------------|---------|
 * | internal, external | any           | memory  |
 * | no                 | disk-snapshot | disk    |
 * | no                 | running, paused | disk  |
 * | no                 | other         | offline |
 */
export function kindOf(state: SnapshotState, memory: Location): SnapshotKind {
  if (memory === 'internal' || memory === 'external') {
    return 'memory';
  }
  return state === 'disk-snapshot' || state === 'running' || state === 'paused' ? 'disk' : 'offline';
}

export function styleOf(memory: Location, disks: readonly SnapshotDisk[]): SnapshotStyle {
  return memory === 'external' || disks.some((disk) => disk.location === 'external') ? 'external' : 'internal';
}

/**
 * What a file with a VM's RAM says of itself: the VM that it was taken of, under its name of then; `broken`: it is not
 * whole, or no such file at all; `noQemu`: libvirt has not the QEMU that it names, without which it reads none.
 */
export type SavedRam =
  | {
      readonly name: string;
      readonly uuid: string;
      /** That the VM had then. */
      readonly disks?: readonly { readonly target: string; readonly file?: string }[];
    }
  | 'broken'
  | 'noQemu';

/** Tells a snapshot from a later one of its name. */
export function identityOf({ name, createdAt }: Pick<Snapshot, 'name' | 'createdAt'>): string {
  return `${name} ${createdAt}`;
}

/** The snapshots of one VM. A parent that is missing makes its child a root; a cycle is cut at its first member. */
export interface SnapshotTree {
  readonly snapshots: readonly Snapshot[];
  readonly current?: string;
  /** The one that libvirt is still making, for whichever client. */
  readonly beingWritten?: string;
}

export const emptyTree: SnapshotTree = { snapshots: [] };

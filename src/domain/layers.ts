// What each disk of a VM is made of, layer by layer, and what each snapshot takes: values only, and no word of where
// they were read.

/** A number that is known, or why it is not: nothing is guessed. */
export type Bytes = number | 'unknown';

/** Unknown as soon as one part is. */
export function sumOf(parts: readonly Bytes[]): Bytes {
  return parts.reduce<Bytes>((sum, part) => (sum === 'unknown' || part === 'unknown' ? 'unknown' : sum + part), 0);
}

/**
 * One file of a chain. `allocatedBytes` is what it takes on its file system, never the file's length: libvirt's bulk
 * statistics swap the two between running VMs and those that are off.
 */
export interface Layer {
  /** Absolute path. */
  readonly file: string;
  /** qcow2, raw, …; absent where nobody told. */
  readonly format?: string;
  readonly virtualBytes: Bytes;
  readonly allocatedBytes: Bytes;
  /** `missing` only where that is certain; `unknown` where nobody here may look. */
  readonly seen: 'there' | 'missing' | 'unknown';
  /** Names of the snapshots whose content of this disk ends with this file; the top one holds the current state. */
  readonly snapshots: readonly string[];
  /** Names of the other VMs that rest on it. */
  readonly sharedWith: readonly string[];
  /**
   * Milliseconds since 1970 when it began to take the writes: when the snapshot below it was taken; absent for the
   * base.
   */
  readonly since?: number;
  /** What its file system gets back when this layer is merged into the one below, where both were looked into. */
  readonly mergeFrees?: MergeFrees;
}

/** It was so when the upper layer took `allocatedBytes`. */
export interface MergeFrees {
  /** Below zero where the lower layer takes more than the upper one gives back. */
  readonly bytes: number;
  /** `atLeast`: zeros may come as data. */
  readonly how: 'exact' | 'atLeast';
  readonly allocatedBytes: number;
}

export interface DiskChain {
  readonly target: string;
  /** Top first; the last is the base. */
  readonly layers: readonly Layer[];
  /** False where it could not be followed to its base. */
  readonly whole: boolean;
}

/** `estimate`: a VM wrote while it was measured. `atMost`, `atLeast`: a part of it is not known. */
export interface Size {
  readonly bytes: Bytes;
  readonly how: 'exact' | 'estimate' | 'atMost' | 'atLeast';
}

/**
 * A snapshot's size, for each shell: what its file systems get back when it alone is deleted. What is written after it
 * is the current state's.
 */
export interface SnapshotSize extends Size {
  readonly snapshot: string;
  /** RAM, in a file of its own or inside the image; absent where it has none. */
  readonly memoryBytes?: Bytes;
  /** The clusters that an internal snapshot holds and the current disk does not. */
  readonly heldBytes?: Bytes;
}

/** A file system or pool that holds files of the VM. */
export interface Room {
  readonly folder: string;
  readonly freeBytes: Bytes;
  readonly totalBytes: Bytes;
}

export interface VmLayers {
  /** Milliseconds since 1970; of a later reading that found nothing else, still the time of the first. */
  readonly readAt: number;
  /**
   * `statistics`: libvirt's one call for all VMs, which knows the active chains alone; `files`: the files themselves
   * were looked at, and snapshots of other branches too.
   */
  readonly from: 'statistics' | 'files';
  readonly disks: readonly DiskChain[];
  /**
   * Chains that end with the overlay that `snapshot` made and are not the current state's; absent where nobody looked.
   */
  readonly branches?: readonly (DiskChain & { readonly snapshot: string })[];
  readonly snapshots: readonly SnapshotSize[];
  /** What is freed when all snapshots are deleted. Absent where nobody looked. */
  readonly together?: Size;
  readonly rooms: readonly Room[];
}

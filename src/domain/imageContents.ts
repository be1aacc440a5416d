// What the tables inside an image tell, where its bytes can be read: the port and its answers. Values only; nothing of
// the guest's data is among them.
import type { BlockMap, Extent } from './blockMap.js';

/** Why an image cannot be looked into. */
export type Unreadable = NonNullable<BlockMap['unreadable']>;

export interface InternalSizes {
  readonly snapshots: readonly InternalSize[];
  /** What the file gets back when all of them are deleted. */
  readonly togetherBytes: number;
}

export interface InternalSize {
  readonly name: string;
  readonly vmStateBytes: number;
  /** Clusters with content of the disk that the current disk does not use. */
  readonly heldBytes: number;
  /** What the file gets back when it alone is deleted: its RAM, its disk and its tables, unless others use them too. */
  readonly freedBytes: number;
}

/** A state of the disk in an image: a snapshot inside it, or what it holds now. */
export interface AskedState {
  /** Absent: what it holds now. */
  readonly tag?: string;
  /** The snapshot inside the same image that this state came after: only what differs from it is told. */
  readonly after?: string;
}

export interface ImageExtents {
  readonly virtualBytes: number;
  /** The smallest piece that an entry of its tables tells of. */
  readonly clusterBytes: number;
  readonly allocatedBytes: number;
  /** As asked; `unreadable` for a snapshot that is not in there, and for more than can be told. */
  readonly states: readonly (readonly Extent[] | 'unreadable')[];
}

/**
 * `written`: a VM has the image open. Its tables of now are still in its memory then: those in the file mostly tell of
 * the RAM of the last snapshot as if the current state used it too, which is true after a revert alone.
 */
export type PresentTable = 'still' | 'written';

export interface ImageContents {
  internalSizes(path: string, present: PresentTable): Promise<InternalSizes | Unreadable>;
  /**
   * @param format as its user reads it: a raw image is never searched for a header, which a guest may have
   *   written
   */
  extents(path: string, format: string, states: readonly AskedState[]): Promise<ImageExtents | Unreadable>;
}

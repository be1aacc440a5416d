// A VM that we made, as it was then, and what can have been done with it since. Values only.
import type { Snapshot } from './snapshot.js';

export interface VmAsMade {
  readonly name: string;
  /** Paths of what was made for it: its disks, and what it starts with. */
  readonly files: readonly string[];
  /** A digest of its XML as it was then; absent: not known. */
  readonly definition?: string;
  readonly isOwn?: (snapshot: Snapshot) => boolean;
  /**
   * This process has started it just now: that it runs, and has written, is our doing. `lent`: it was made to be used
   * for a while, so that no operation of ours on it is a use either.
   */
  readonly started?: true | 'lent';
}

export type UseOfVm = 'power' | 'content' | 'definition' | 'snapshots' | 'history' | 'files';

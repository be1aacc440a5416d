// What we note of what a snapshot froze: its layers, its RAM, its tags. Values only.

import type { LastChange } from './hostFiles.js';

/** What tells a layer from what somebody else put in its place, or made of it. */
export interface LayerIdentity {
  readonly file: string;
  readonly format: string;
  readonly bytes: number;
  readonly virtualBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt?: number;
  readonly change?: LastChange;
  /** See `ImageFacts.tables`. */
  readonly tables?: string;
  /** See `ImageFacts.sample`. */
  readonly sample?: string;
  readonly backing?: string;
  /** An operation of ours writes into it, or was interrupted in that: what it is then is noted anew. */
  readonly writing?: true;
  /**
   * A merge of ours that deletes the snapshot goes into it: it is no longer what it was, and nobody else has changed
   * it.
   */
  readonly merging?: true;
}

/** In place of a disk's target: no disk is called so. */
export const ramTarget = 'memory';

/** The same, of what stands beside the disks: see `stateCopies`. */
export const stateTargets = { nvram: 'variables', tpmState: 'tpm' } as const;

export function isStateTarget(target: string): boolean {
  return target === stateTargets.nvram || target === stateTargets.tpmState;
}

/** The layers that must not change, for one disk, top first; for the other targets, the one file. */
export interface FrozenChain {
  readonly target: string;
  readonly layers: readonly LayerIdentity[];
  /** When the tag inside of the disk was taken, see `ImageFacts.takenAt`. */
  readonly tagAt?: number;
}

/** What we noted of a snapshot. */
export interface FrozenRecord {
  readonly name: string;
  /** Milliseconds since 1970, as the snapshot itself says. */
  readonly createdAt: number;
  readonly chains: readonly FrozenChain[];
}

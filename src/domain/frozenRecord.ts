// What we note of what a snapshot froze: its layers, its RAM, its tags. Values only.

/** What tells a layer from what somebody else put in its place, or made of it. */
export interface LayerIdentity {
  readonly file: string;
  readonly format: string;
  readonly bytes: number;
  readonly virtualBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt?: number;
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

/** The layers that must not change, for one disk, top first; for `ramTarget`, the file with the RAM. */
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

// What a delete does to the files that stay: which overlay goes into which, and when they were written to last.
/** Before the operation, in milliseconds since 1970 by the host's clock; absent: not known. */
export interface LastWrite {
  readonly file: string;
  readonly modifiedAt?: number;
  /** An earlier merge into it broke off: that nobody writes to it does not make it whole. */
  readonly halfMerged?: true;
}

/** With a snapshot, an overlay goes into the file that it froze. */
export interface PlannedMerge {
  readonly snapshot: string;
  readonly target: string;
  readonly overlay: string;
  readonly base: string;
}

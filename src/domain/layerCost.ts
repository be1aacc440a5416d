// What layers above an image cost in speed, as it was measured. Values only.

/** Microseconds for one request of 4 KiB: the fastest of several rounds, in which the contestants took turns. */
export interface LayerCost {
  /** Above the base; 0: the image alone. */
  readonly layers: number;
  /** The cost to read a cluster that is only in the base. */
  readonly read: number;
  /**
   * To a cluster that the top file does not have yet; of the image alone: to one that it has, for there is no other.
   */
  readonly firstWrite: number;
  /** To a cluster that the top file has. */
  readonly nextWrite: number;
}

// What layers above an image cost in speed, as it was measured. Values only.

/** Microseconds for one request of 4 KiB: the fastest of several rounds, in which the contestants took turns. */
export interface LayerCost {
  /** Above the base; 0: the image alone. */
  readonly layers: number;
  /** Of a cluster that stands in the base alone. */
  readonly read: number;
  /**
   * To a cluster that the top file does not have yet; of the image alone: to one that it has, for there is no other.
   */
  readonly firstWrite: number;
  /** To a cluster that the top file has. */
  readonly nextWrite: number;
}

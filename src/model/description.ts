// What we know of a snapshot stands at the end of its description as trailers, readable by people in any client.

export type Consistency = 'memory' | 'quiesced' | 'crash-consistent' | 'offline';

export interface Trailers {
  readonly title?: string;
  /** `branch@commit` of the workspace when the snapshot was taken. */
  readonly git?: string;
  readonly guestPausedMs?: number;
  readonly consistency?: Consistency;
  readonly createdBy?: string;
}

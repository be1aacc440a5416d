// The options of a connection, from the shell that shows it.
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { OpenHypervisor } from '../driver/hypervisor.js';
import type { Neighbour } from './neighbours.js';

export interface LiveOptions {
  readonly open: OpenHypervisor;
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  /** Told each time it has been opened. */
  readonly whenOpen: (uri: string) => void;
  /** All other connections. */
  readonly beside: (uri: string) => readonly Neighbour[];
}

// What the carrying out of one step is given.
import type { Connection } from '../../libvirt/connection.js';
import type { Domain } from '../../libvirt/structs.js';
import type { Log } from '../../base/log.js';
import type { Capabilities } from '../../domain/capabilities.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { Vm } from '../../domain/vm.js';
import type { GuestEvents } from '../guestEvents.js';
import type { RunOptions } from '../hypervisor.js';

export interface StepContext extends RunOptions {
  /** Of this step alone: its call may last without holding up anything else. */
  readonly connection: Connection;
  /** Opens one more, to look at the step from outside. */
  readonly openAnother: () => Promise<Connection>;
  /** For who opened another; once, for it goes on to whoever opens the next. */
  readonly closeAnother: (connection: Connection) => void;
  readonly vm: Vm;
  readonly dom: Domain;
  /** Of the hypervisor's host. */
  readonly files: HostFiles;
  readonly capabilities: Capabilities;
  /** The hypervisor's clock and files are this computer's. */
  readonly onThisHost: boolean;
  /** Heard on the connection that stays. */
  readonly events: GuestEvents;
  readonly log: Log;
  /** How long a guest may take to do what it was asked for, in milliseconds. */
  readonly guestPatienceMs: number;
}

// What the carrying out of one step is given.
import type { Connection } from '../../libvirt/connection.js';
import type { Domain } from '../../libvirt/structs.js';
import type { Log } from '../../base/log.js';
import type { Capabilities } from '../../domain/capabilities.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { Seamless } from '../../domain/seamless.js';
import type { Vm } from '../../domain/vm.js';
import type { GuestEvents } from '../guestEvents.js';
import type { RunOptions, SavedFile } from '../hypervisor.js';

export interface SeamlessAccess {
  /** @param xml with passwords, as the VM runs before its disks are switched */
  readonly begin: (file: string, xml: string) => Promise<SavedFile>;
  /** What of this host stands against it: for a VM with these disks, whose QEMU runs as that user. */
  readonly obstacle: (files: readonly string[], user: number | undefined) => Promise<Seamless | undefined>;
  /**
   * Whether the user that QEMU runs as may guard memory here: by itself, by a device that is open to everybody, or not
   * at all.
   */
  readonly mayGuard: (user: number | undefined) => Promise<'yes' | 'byDevice' | 'no'>;
}

export interface ForkAccess {
  /** Has `use` load the RAM of that file from a path, under the description that is made of the file's own. */
  readonly withRam: (
    ram: { readonly file: string; readonly uuid: string; readonly describe: (xml: string) => string },
    use: (path: string) => Promise<void>,
  ) => Promise<void>;
}

export interface StepContext extends RunOptions {
  /** The connection of this step alone: its call may take long without a delay for others. */
  readonly connection: Connection;
  /** Opens one more, to look at the step from outside. */
  readonly openAnother: () => Promise<Connection>;
  /** For the one that opened another connection; once, since the next one gets it. */
  readonly closeAnother: (connection: Connection) => void;
  /** One more for as long as that lasts. */
  readonly useAnother: <T>(act: (connection: Connection) => Promise<T>) => Promise<T>;
  readonly vm: Vm;
  readonly dom: Domain;
  /** The files of the hypervisor's host. */
  readonly files: HostFiles;
  readonly capabilities: Capabilities;
  /** The hypervisor's clock and files are this computer's. */
  readonly onThisHost: boolean;
  /** What QEMU needs to write RAM into a file of ours; absent where it runs elsewhere. */
  readonly seamless?: SeamlessAccess;
  /** Absent where the files are another computer's. */
  readonly forks?: ForkAccess;
  /** Heard on the connection that stays. */
  readonly events: GuestEvents;
  readonly log: Log;
  /** How long a guest may take to do what it was asked for, in milliseconds. */
  readonly guestPatienceMs: number;
}

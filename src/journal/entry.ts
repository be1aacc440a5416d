// What the journal keeps of one operation: what is done and what that was decided on, who carries it out and how far it
// came.
import type { OperationRequest } from '../domain/operation.js';
import type { PlannedWork } from '../operations/plan.js';
import type { DaemonIdentity, Origin } from '../domain/origin.js';

/** A process, told apart from every later one that gets its number. */
export interface Writer {
  readonly pid: number;
  /** In ticks since the boot, where the system tells it. */
  readonly startTime?: number;
  /** The id of the kernel's start; without one, the start time of the machine in seconds since 1970. */
  readonly boot: string;
  /** Process numbers mean something within it only. */
  readonly pidNamespace?: string;
  readonly host: string;
  /** What people call the editor that the process is a part of. */
  readonly editor?: string;
  /** Random for each process. */
  readonly session: string;
}

export interface StepRecord {
  readonly index: number;
  readonly state: 'begun' | 'done';
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whatever JSON the step left for those after it; absent as well where it was too long to be kept. */
  readonly outcome?: unknown;
}

/** What a step left that made its operation turn back. */
export const stuck = 'stuck';

/** What is known before anything is done. It holds names and files, never a document that may carry secrets. */
export interface JournalHead {
  readonly connection: string;
  readonly vm: { readonly uuid: string; readonly name: string };
  readonly request: OperationRequest;
  /** JSON-safe: strings, finite numbers, booleans, arrays and plain objects. */
  readonly plan: PlannedWork;
  /** The editor whose settings protected the VM when it began. The settings of another one need not know of it. */
  readonly protectedIn?: string;
  /** The daemon that was to carry it out. */
  readonly daemon?: DaemonIdentity;
}

export interface JournalEntry extends Omit<JournalHead, 'daemon'> {
  readonly version: 2;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Where it was begun. */
  readonly origin: Origin;
  /** Who carries it out, or did last. */
  readonly writer: Writer;
  /** In the order in which they happened; a recovery may begin a step again. */
  readonly steps: readonly StepRecord[];
  /** How often somebody has taken it up after its first writer. */
  readonly recoveries: number;
  /**
   * Milliseconds since 1970: when it was taken up last, by somebody who has not said since that they left it as it was.
   */
  readonly takenUpAt?: number;
  /** When something was done about it last, as far as is known: see `withRecord`. */
  readonly lastActedAt: number;
}

export interface OperationEnd {
  readonly outcome: 'done' | 'failed' | 'recovered' | 'undone' | 'explained';
  /** The kind of the failure and its text, for the audit. */
  readonly failure?: string;
  /** What does the same in a shell, for the audit. */
  readonly command?: string;
  /** Its id in the log of operations, for the audit. */
  readonly entry?: string;
}

/** An entry that is there and cannot be taken up. It stays where it is. */
export interface UnreadableEntry {
  readonly path: string;
  /** `newer`: written by a later version of this program. `beyond`: one of more than are looked at. */
  readonly why: 'newer' | 'damaged' | 'tooLong' | 'denied' | 'beyond';
  /** For the log. */
  readonly detail: string;
  /** Its VM, where at least that can be read. */
  readonly vm?: { readonly uuid: string; readonly name?: string };
}

// What is told to a person of an operation that was interrupted.
import type { OperationRequest } from './operation.js';
import type { Refusal } from './refusal.js';

/** How the VM stands after a recovery, compared with the operation. */
export type RecoveryState =
  | 'before'
  | 'after'
  /** Some of several independent parts are done, and the others have not begun. */
  | 'partly';

/** What was done about one of them, for the person in front of the editor. */
export interface RecoveryReport {
  readonly request: OperationRequest;
  readonly vm: string;
  readonly outcome: RecoveryState | 'explained' | 'failed';
  readonly why?: Refusal;
  readonly commands?: readonly string[];
  /** What was not done by itself can be done if a person wants it. */
  readonly mayFinish?: boolean;
}

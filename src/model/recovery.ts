// What becomes of an operation that broke off: of its journal entry and the true state → how it ends. Values only.
import type { OperationRequest } from './operation.js';
import type { Plan } from './plan.js';
import type { Refusal } from './refusal.js';

/** An operation of several steps that did not come to its end, as the journal has it. */
export interface BrokenOff {
  readonly request: OperationRequest;
  readonly plan: Plan;
  /** Indexes of the plan's steps. */
  readonly begun: readonly number[];
  readonly done: readonly number[];
  /** Seconds since 1970. */
  readonly startedAt: number;
}

/** How the VM stands after a recovery, compared with the operation. */
export type RecoveredTo =
  | 'before'
  | 'after'
  /** Of several parts, each of which is good by itself, some are done and the others are not begun. */
  | 'partly';

export type Recovery =
  /** Nothing is left to do. */
  | { readonly type: 'settled'; readonly to: RecoveredTo }
  /**
   * These steps lead to one of the two; each may be done already. `otherwise`: what is the matter where the first one is
   * refused, for then nothing has been done and a person has to look.
   */
  | { readonly type: 'steps'; readonly to: RecoveredTo; readonly plan: Plan; readonly otherwise?: Refusal }
  /** Nothing can be done without a person: why, and the commands that would lead out. */
  | { readonly type: 'explain'; readonly why: Refusal; readonly commands: readonly string[] };

/** What was done about one of them, for the person in front of the editor. */
export interface RecoveryReport {
  readonly request: OperationRequest;
  readonly vm: string;
  readonly outcome: RecoveredTo | 'explained' | 'failed';
  readonly why?: Refusal;
  readonly commands?: readonly string[];
}

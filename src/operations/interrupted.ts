// What becomes of an operation that was interrupted: of its journal entry and the true state → how it ends. Values
// only.
import type { OperationRequest } from '../domain/operation.js';
import type { RecoveryState } from '../domain/recoveryReport.js';
import type { Refusal } from '../domain/refusal.js';
import type { PlannedWork } from './plan.js';
import type { Step } from '../steps/step.js';

/**
 * For so long somebody who finds an operation that broke off may bring it to its end by themselves. Long enough for an
 * editor that fell and is opened again, and for a machine on which that takes a while; too short for a VM to be given
 * other work, and for the person who began it to have forgotten it.
 */
export const actsAloneForMs = 60 * 60 * 1000;

/** An operation of several steps that did not come to its end, as the journal has it. */
export interface InterruptedOperation {
  readonly request: OperationRequest;
  readonly plan: PlannedWork;
  /** Indexes of the plan's steps. */
  readonly begun: readonly number[];
  readonly done: readonly number[];
  /** Milliseconds since 1970, of a whole second, as libvirt tells times. */
  readonly startedAt: number;
  /**
   * When each step was begun and done last, by its index, and when the last thing was written of any: milliseconds
   * since 1970.
   */
  readonly begunAt?: ReadonlyMap<number, number>;
  readonly doneAt?: ReadonlyMap<number, number>;
  readonly lastStepAt?: number;
  /** It could not come to its end: where that can be done safely, it goes back to what was saved first. */
  readonly turnsBack?: true;
}

export type Recovery =
  /** Nothing is left to do. */
  | { readonly kind: 'settled'; readonly to: RecoveryState }
  /**
   * These steps lead to one of the two; each may be done already. `otherwise`: what is the matter where the first one
   * is refused, for then nothing has been done and a person has to look.
   */
  | { readonly kind: 'steps'; readonly to: RecoveryState; readonly plan: PlannedWork; readonly otherwise?: Refusal }
  /** Nothing can be done without a person: why, and the commands that would lead out. */
  | { readonly kind: 'explain'; readonly why: Refusal; readonly commands: readonly string[] };

/** What a person can have done about one of them: by the true state a moment ago. */
export interface InterruptedPreview {
  readonly id: string;
  readonly request: OperationRequest;
  readonly vm: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly recovery: Recovery;
  /** What its steps would be for virsh. */
  readonly commands: readonly string[];
}

/** What a person has agreed to of one of them. */
export interface AgreedRecovery {
  readonly id: string;
  readonly steps: readonly Step[];
}

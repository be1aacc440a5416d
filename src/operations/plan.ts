// A decided operation: what will be done, step by step, what that was decided on, and what it costs. planOperation
// decides.
import type { Loss, Warning } from '../domain/consequences.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Before } from '../domain/origin.js';
import type { PlannedMerge } from '../domain/plannedMerge.js';
import type { RefusedDecision } from '../domain/refusal.js';
import type { Step } from '../steps/step.js';

/** What steers: what is done, what the journal keeps, and all that a recovery reads. */
export interface PlannedWork {
  readonly kind: 'plan';
  readonly request: OperationRequest;
  /**
   * What it was decided on. What a recovery does was decided later: it keeps that of the plan which was interrupted.
   */
  readonly before: Before;
  readonly steps: readonly Step[];
  /** Whether libvirt tells how far it is and can stop: external memory and block jobs only. */
  readonly progress: 'percent' | 'timeOnly';
  readonly estimateMs?: number;
  /** The snapshot that the operation makes, reverts to, deletes or edits. */
  readonly snapshot?: string;
  /** The snapshot that keeps the state which a revert leaves. */
  readonly checkpoint?: string;
  /** The snapshot that has that state already, so that no checkpoint is taken. */
  readonly spared?: string;
  /** The snapshots that a delete removes. */
  readonly deletes?: readonly string[];
  /** Files that are deleted with their content, by libvirt or by us. */
  readonly removes?: readonly string[];
  /** The merges of a delete; absent where it has none. */
  readonly merges?: readonly PlannedMerge[];
  /** What the operation will take on the host's file systems, at most, where it can be said. */
  readonly spaceBytes?: number;
}

/** With what the person is told who is asked. It steers nothing. */
export interface Plan extends PlannedWork {
  readonly losses: readonly Loss[];
  readonly warnings: readonly Warning[];
}

/** Without what a person is told. */
export function workOf({ losses, warnings, ...work }: Plan): PlannedWork {
  return work;
}

export type Decision = Plan | RefusedDecision;

/** What the rules of one operation come to. */
export type DraftPlan = Omit<Plan, 'before'>;

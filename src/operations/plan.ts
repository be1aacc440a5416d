// A decided operation: what will be done, step by step, and what it costs. Values only; planOperation decides.
import type { Loss, Warning } from '../domain/consequences.js';
import type { OperationRequest } from '../domain/operation.js';
import type { LastWrite, PlannedMerge } from '../domain/plannedMerge.js';
import type { Refused } from '../domain/refusal.js';
import type { Step, TargetFile } from '../steps/step.js';

export interface Plan {
  readonly kind: 'plan';
  readonly request: OperationRequest;
  readonly steps: readonly Step[];
  readonly losses: readonly Loss[];
  readonly warnings: readonly Warning[];
  /** Whether libvirt tells how far it is and can stop: external memory and block jobs only. */
  readonly progress: 'percent' | 'timeOnly';
  readonly estimateMs?: number;
  /** The snapshot that the operation makes, reverts to, deletes or edits. */
  readonly snapshot?: string;
  /** The snapshot that keeps the state which a revert leaves. */
  readonly checkpoint?: string;
  /** Of a revert: the files that the VM's disks stand on before it. */
  readonly leaves?: readonly TargetFile[];
  /** Of a delete: files that take a merge. */
  readonly changes?: readonly LastWrite[];
  /** Of a revert by libvirt that brings RAM back: the files that it fits to, which nobody may write to. */
  readonly fits?: readonly LastWrite[];
  /** Of a delete: absent where nothing is merged, and in a journal of before it was kept. */
  readonly merges?: readonly PlannedMerge[];
  /** What the operation will take on the host's file systems, at most, where it can be said. */
  readonly spaceBytes?: number;
}

export type Decision = Plan | Refused;

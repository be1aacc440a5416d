// What the engine lets the model decide while an operation runs and after one broke off, as values that a test can
// replace. Refuses to hold any rule itself.
import type { OperationRequest } from '../../domain/operation.js';
import type { PlannedWork } from '../../operations/plan.js';
import type { InterruptedOperation, Recovery } from '../../operations/interrupted.js';
import type { RefusedDecision } from '../../domain/refusal.js';
import type { CompleteFacts } from '../../operations/completeFacts.js';

export interface Rules {
  /** Whether what is left of a plan after its first `done` steps still holds. */
  remainingPlan(
    request: OperationRequest,
    facts: CompleteFacts,
    plan: PlannedWork,
    done: number,
  ): 'same' | RefusedDecision;
  planRecovery(interrupted: InterruptedOperation, facts: CompleteFacts): Recovery;
  /** Why this recovery may not go on without a person. */
  changedSinceRefusal(
    interrupted: InterruptedOperation,
    recovery: PlannedWork,
    facts: CompleteFacts,
  ): RefusedDecision | undefined;
}

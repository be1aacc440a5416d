// What the inventory lets the model decide while an operation runs and after one broke off, as values that a test can
// replace. Refuses to hold any rule itself.
import type { OperationRequest } from '../model/operation.js';
import type { Plan } from '../model/plan.js';
import type { BrokenOff, Recovery } from '../model/recovery.js';
import type { Refused } from '../model/refusal.js';
import type { CompleteSituation } from '../plans/completeFacts.js';

export interface Rules {
  /** Whether what is left of a plan after its first `done` steps still holds. */
  planRest(request: OperationRequest, situation: CompleteSituation, plan: Plan, done: number): 'same' | Refused;
  planRecovery(brokenOff: BrokenOff, situation: CompleteSituation): Recovery;
  /** Why this recovery may not go on without a person. */
  sinceObstacle(brokenOff: BrokenOff, recovery: Plan, situation: CompleteSituation): Refused | undefined;
}

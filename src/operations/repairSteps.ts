// What a repair comes to, before it is a plan of its own or a part of another one. Values only.
import type { Loss, Warning } from '../domain/consequences.js';
import type { DraftPlan } from './plan.js';
import type { Step } from '../steps/step.js';

/** What a repair comes to, before it is a plan. */
export interface RepairSteps {
  readonly kind: 'repair';
  readonly steps: readonly Step[];
  readonly losses?: readonly Loss[];
  readonly warnings?: readonly Warning[];
  readonly progress?: DraftPlan['progress'];
  /** Files that go with all that is in them. */
  readonly removes?: readonly string[];
}

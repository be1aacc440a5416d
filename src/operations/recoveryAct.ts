// Which steps of a recovery take nothing away and start nothing, so that they may be done even where little is done
// unasked.
import type { Step } from '../steps/step.js';
import { definitionOf, touchedFilesOf } from '../steps/steps.js';
import type { PlannedWork } from './plan.js';

/** @param steps of the recovery; `plan`: of the operation that broke off */
export function recoveryActOf(steps: readonly Step[], plan: PlannedWork): 'recover' | 'recoverHarmlessly' {
  const made = new Set(plan.steps.flatMap((step) => touchedFilesOf(step).made ?? []));
  return steps.every((step) => definitionOf(step).isHarmless(step, made)) ? 'recoverHarmlessly' : 'recover';
}

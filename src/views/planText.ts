// Plan → the words of its confirmation: what is lost, how long the guest stands still, which way a merge goes.
// Knows nothing of the editor.
import type { VmView } from '../inventory/views.js';
import type { Plan } from '../model/plan.js';
import type { Translate } from './translate.js';

export interface PlanText {
  /** The question, naming VM and snapshot. */
  readonly title: string;
  /** Lines of plain text. */
  readonly detail: string;
  /** The label of the button that goes on. */
  readonly confirm: string;
}

/** @param now seconds since 1970 */
export function planText(plan: Plan, target: VmView, now: number, t: Translate): PlanText {
  return { title: t('Go on with {0}?', target.vm.name), detail: `${plan.snapshot ?? ''}${now}`, confirm: t('Go On') };
}

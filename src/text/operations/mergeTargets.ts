// Into which files a plan merges: of each disk the one that takes it all in the end.
import type { Warning } from '../../domain/consequences.js';
import type { Plan } from '../../operations/plan.js';

type MergesWarning = Extract<Warning, { readonly kind: 'merges' }>;

/** Paths, each once; empty where the plan does not tell. */
export function mergeTargets({ merges = [] }: Pick<Plan, 'merges'>): readonly string[] {
  const away = new Set(merges.map(({ overlay }) => overlay));
  return [...new Set(merges.map(({ base }) => base).filter((base) => !away.has(base)))];
}

/**
 * The warnings of a plan without merges that are on the way: of layers that are merged one into the next, the last
 * merge holds what all those before it moved.
 */
export function withoutMergesOnTheWay(plan: Pick<Plan, 'merges' | 'warnings'>): readonly Warning[] {
  const last = new Set(mergeTargets(plan));
  const isLast = ({ into }: MergesWarning): boolean => into !== undefined && last.has(into);
  return plan.warnings.some((one) => one.kind === 'merges' && isLast(one))
    ? plan.warnings.filter((one) => one.kind !== 'merges' || isLast(one))
    : plan.warnings;
}

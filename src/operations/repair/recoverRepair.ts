// The end of a repair that broke off: the doctor's rules are asked again, for they look at the present anyway.
import { explain, goOn, hasBegun } from '../brokenAt.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Situation } from '../../domain/situation.js';
import { planRepair } from './planRepair.js';
import type { BrokenOff, Recovery } from '../interrupted.js';
import type { RefusalReason } from '../../domain/refusal.js';

/** Nothing is wrong any more. */
const mended: ReadonlySet<RefusalReason> = new Set([
  'nothingToRepair',
  'snapshotMissing',
  'snapshotWhole',
  'fileNotOrphan',
]);

export function recoverRepair(
  brokenOff: BrokenOff & { readonly request: Extract<OperationRequest, { kind: 'repair' }> },
  situation: Situation,
): Recovery {
  const { request, plan } = brokenOff;
  if (
    !hasBegun(
      brokenOff,
      plan.steps.map((step) => step.kind),
    )
  ) {
    return { kind: 'settled', to: 'before' };
  }
  const again = planRepair(request, beforeMoves(brokenOff, situation));
  if (again.kind === 'plan') {
    return goOn(brokenOff, again.steps, 'after');
  }
  return mended.has(again.refusal.reason)
    ? { kind: 'settled', to: 'after' }
    : explain(brokenOff, again.refusal, plan.steps, situation);
}

/**
 * That the data of a snapshot is gone may be told by what comes after it: those that were put elsewhere, for it to be
 * forgotten, count as below it still.
 */
function beforeMoves({ request, plan }: BrokenOff, situation: Situation): Situation {
  if (request.kind !== 'repair' || request.repair.kind !== 'forgetSnapshot') {
    return situation;
  }
  const { snapshot } = request.repair;
  const moved = new Map(plan.steps.flatMap((step) => (step.kind === 'reparent' ? [[step.snapshot, step.parent]] : [])));
  const snapshots = situation.tree.snapshots.map((one) =>
    moved.has(one.name) && moved.get(one.name) === one.parent ? { ...one, parent: snapshot } : one,
  );
  return { ...situation, tree: { ...situation.tree, snapshots } };
}

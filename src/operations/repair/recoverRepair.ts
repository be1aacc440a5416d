// The end of a repair that broke off: the doctor's rules are asked again, for they look at the present anyway.
import { explain, goOn, hasBegun } from '../interruptedAt.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import { planRepair } from './planRepair.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import type { RefusalReason } from '../../domain/refusal.js';

/** Nothing is wrong any more. */
const repaired: ReadonlySet<RefusalReason> = new Set([
  'nothingToRepair',
  'snapshotMissing',
  'snapshotWhole',
  'fileNotOrphan',
]);

export function recoverRepair(
  interrupted: InterruptedOperation & { readonly request: Extract<OperationRequest, { kind: 'repair' }> },
  facts: Facts,
): Recovery {
  const { request, plan } = interrupted;
  if (
    !hasBegun(
      interrupted,
      plan.steps.map((step) => step.kind),
    )
  ) {
    return { kind: 'settled', to: 'before' };
  }
  const again = planRepair(request, beforeMoves(interrupted, facts));
  if (again.kind === 'plan') {
    return goOn(interrupted, again.steps, 'after');
  }
  return repaired.has(again.refusal.reason)
    ? { kind: 'settled', to: 'after' }
    : explain(interrupted, again.refusal, plan.steps, facts);
}

/**
 * That the data of a snapshot is gone may be told by what comes after it: those that were put elsewhere, for it to be
 * forgotten, count as below it still.
 */
function beforeMoves({ request, plan }: InterruptedOperation, facts: Facts): Facts {
  if (request.kind !== 'repair' || request.repair.kind !== 'forgetSnapshot') {
    return facts;
  }
  const { snapshot } = request.repair;
  const moved = new Map(plan.steps.flatMap((step) => (step.kind === 'reparent' ? [[step.snapshot, step.parent]] : [])));
  const snapshots = facts.tree.snapshots.map((one) =>
    moved.has(one.name) && moved.get(one.name) === one.parent ? { ...one, parent: snapshot } : one,
  );
  return { ...facts, tree: { ...facts.tree, snapshots } };
}

// The end of a repair that broke off: the doctor's rules are asked again, for they look at the present anyway.
import { explain, goOn, hasBegun } from '../interruptedStep.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import { imageOf, slackMs } from '../../domain/chains/frozenContent.js';
import { withImage } from '../../steps/changedFacts.js';
import { withNames } from '../../steps/movedFiles.js';
import type { StepOf } from '../../steps/stepDefinition.js';
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
  const again = planRepair(request, factsBeforeMoves(interrupted, facts));
  if (again.kind === 'plan') {
    return goOn(interrupted, again.steps, 'after');
  }
  return repaired.has(again.refusal.reason)
    ? { kind: 'settled', to: 'after' }
    : explain(interrupted, again.refusal, plan.steps, facts);
}

/**
 * That the data of a snapshot is gone may be told by what comes after it: those that were put elsewhere, for it to be
 * forgotten, count as below it still. A file that one snapshot names where it is now was moved for the others too.
 */
function factsBeforeMoves(interrupted: InterruptedOperation, facts: Facts): Facts {
  const { request, plan } = interrupted;
  if (request.kind === 'repair' && request.repair.kind === 'nameMovedFiles') {
    return plan.steps.reduceRight((at, step, index) => {
      if (step.kind === 'nameMovedFiles') {
        return withNames(reverseNames(step), at);
      }
      return step.kind === 'rebaseOverlay' ? beforeRebase(step, interrupted, index, at) : at;
    }, facts);
  }
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

function reverseNames({ snapshot, files }: StepOf<'nameMovedFiles'>): Omit<StepOf<'nameMovedFiles'>, 'kind'> {
  return {
    ...(snapshot === undefined ? {} : { snapshot }),
    files: files.map(({ from, to }) => ({ from: to, to: from })),
  };
}

/** Our own word in its head is no other content: where nobody wrote to it after us, it is what it was proven to be. */
function beforeRebase(
  { file, was, backing, backingFormat }: StepOf<'rebaseOverlay'>,
  { plan, begunAt, doneAt }: InterruptedOperation,
  index: number,
  facts: Facts,
): Facts {
  const image = imageOf(file, facts);
  const [begun, done] = [begunAt?.get(index), doneAt?.get(index)];
  const writtenAt = image?.modifiedAt ?? Number.NaN;
  const isOurs = begun !== undefined && writtenAt >= begun - slackMs && writtenAt <= (done ?? begun) + slackMs;
  if (image?.backing?.file !== backing || !isOurs) {
    return facts;
  }
  const names = plan.steps.flatMap((step) => (step.kind === 'nameMovedFiles' ? step.files : []));
  const before = names.find(({ to }) => to === file)?.from;
  const noted = (facts.frozenRecords ?? []).flatMap(({ chains }) =>
    chains.flatMap(({ layers }) => layers.find((layer) => layer.file === before) ?? []),
  );
  const [{ modifiedAt } = {}] = noted;
  return withImage(facts, file, {
    ...image,
    backing: { file: was, format: backingFormat },
    ...(modifiedAt === undefined ? {} : { modifiedAt }),
  });
}

// What the doctor mends.
import { stateFiles, stateThen } from '../../domain/chains/stateCopies.js';
import { childrenOf, findSnapshot } from '../../domain/snapshotTree.js';
import { isActive } from '../../domain/vm.js';
import { movedFiles, movedRamPlaces } from '../../domain/chains/movedFiles.js';
import type { OperationDefinition } from '../operationDefinition.js';
import {
  configuredFiles,
  factsOfAll,
  factsOfDeleted,
  filesIn,
  filesOfDeleted,
  filesOfSnapshots,
  noFacts,
  noFiles,
  presentFiles,
  savedRamOf,
} from '../requiredFacts.js';
import { isDelete } from '../delete/deleteSteps.js';
import { mayMakeCurrent } from '../matchesPlan.js';
import { recoverRename } from '../rename/renameOperation.js';
import { recoverEmulatedRevert } from '../revert/recoverEmulatedRevert.js';
import { planRepair } from './planRepair.js';
import { explain, findInterruptedStep, goOn, hasBegun, withSafeRemovals } from '../interruptedStep.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { imageOf, slackMs } from '../../domain/chains/frozenContent.js';
import { withImage } from '../../steps/changedFacts.js';
import { withNames } from '../../steps/movedFiles.js';
import { applyAll } from '../../steps/steps.js';
import type { Step } from '../../steps/step.js';
import type { StepOf } from '../../steps/stepDefinition.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import type { RefusalReason } from '../../domain/refusal.js';

/** Nothing is wrong any more. */
const repaired: ReadonlySet<RefusalReason> = new Set([
  'nothingToRepair',
  'snapshotMissing',
  'snapshotWhole',
  'fileNotOrphan',
]);

function recoverRepair(
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
  const rest = plan.steps.slice(findInterruptedStep(interrupted, facts));
  if (request.repair.kind === 'finishDelete' && rest.length < plan.steps.length && !rest.some(isMerge)) {
    // The mark, by which the delete is found, goes before the snapshot does.
    const left = rest.filter((step) => step.kind !== 'makeCurrent' || mayMakeCurrent(step, plan, facts));
    const deletes = plan.steps.flatMap((step) => (isDelete(step) ? [step.snapshot] : []));
    const after = applyAll(
      rest.filter(({ kind }) => kind !== 'removeFiles'),
      facts,
    );
    return goOn(interrupted, withSafeRemovals(left, { ...plan, deletes }, after), 'after');
  }
  const again = planRepair(request, factsBeforeMoves(interrupted, facts));
  if (again.kind === 'plan' && request.repair.kind === 'finishDelete' && again.steps.some(isMergeByQemu)) {
    // The mark tells of it still, and a host that forbids the merge forbids it again.
    return { kind: 'settled', to: interrupted.done.length > 0 ? 'partly' : 'before' };
  }
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

export const repairOperation: OperationDefinition<'repair'> = {
  plan: planRepair,
  recover: (interrupted, facts) =>
    interrupted.plan.steps.some(({ kind }) => kind === 'defineFromSnapshot')
      ? recoverEmulatedRevert(interrupted, facts, ({ request }, now) =>
          request.kind === 'repair' ? planRepair(request, now) : undefined,
        )
      : interrupted.plan.steps.some(({ kind }) => kind === 'redefineAs')
        ? recoverRename(interrupted, facts)
        : recoverRepair(interrupted, facts),
  requiredFacts: ({ repair }, known) => {
    const { vm, tree } = known;
    const active = isActive(vm.power);
    switch (repair.kind) {
      case 'keepVm':
        return { ...noFacts, blockJobs: active };
      case 'thawGuest':
      case 'resumeAfterSave':
        return { ...noFacts, agent: active && vm.agentChannel };
      case 'configureDisks':
        return { ...factsOfAll(known), configured: active };
      case 'finishDelete':
        return factsOfDeleted(withBegun(repair.snapshot, tree), known);
      case 'keepDisks':
        return { ...factsOfAll(known), savedRam: savedRamOf(findSnapshot(tree, repair.snapshot)) };
      case 'removeFiles':
        return {
          ...factsOfAll(known),
          configured: active && vm.persistent,
          checkpoints: true,
          savedRam: repair.files.filter(isMemory),
        };
      case 'nameMovedFiles':
        return { ...factsOfAll(known), savedRam: movedRamPlaces(known) };
      case 'adoptTag':
      case 'removeTag':
      case 'repairImages':
      case 'forgetSnapshot':
      case 'makeCurrent':
      case 'leaveFrozenFiles':
        return factsOfAll(known);
    }
  },
  requiredFiles: ({ repair }, facts) => {
    const present = presentFiles(facts);
    switch (repair.kind) {
      case 'removeTag':
        return filesIn(facts, [...present, repair.file], []);
      case 'repairImages':
        return filesIn(facts, [...present, ...repair.files], []);
      case 'removeFiles': {
        const { files } = repair;
        const images = files.filter((file) => !isMemory(file));
        return { ...filesIn(facts, [...present, ...images], files.filter(isMemory)), changes: files };
      }
      case 'leaveFrozenFiles': {
        const variables = stateFiles(stateThen(facts.vm, findSnapshot(facts.tree, repair.snapshot)));
        return { ...filesOfSnapshots([repair.snapshot], present, variables, facts), changes: variables };
      }
      case 'finishDelete':
        return filesOfDeleted(withBegun(repair.snapshot, facts.tree), facts);
      case 'forgetSnapshot':
      case 'keepDisks':
      case 'makeCurrent':
        return filesOfSnapshots([repair.snapshot], present, [], facts);
      case 'nameMovedFiles': {
        const moved = movedFiles(facts);
        const named = filesOfSnapshots(
          facts.tree.snapshots.map(({ name }) => name),
          present,
          [],
          facts,
        );
        const images = moved.flatMap(({ found }) => (isMemory(found) ? [] : [found]));
        return {
          ...filesIn(facts, [...named.images, ...images], named.files),
          changes: moved.flatMap(({ overlays }) => overlays.map(({ file }) => file)),
        };
      }
      case 'adoptTag':
        return filesIn(facts, present, []);
      case 'configureDisks':
        return filesIn(facts, [...present, ...configuredFiles(facts)], []);
      case 'keepVm':
      case 'resumeAfterSave':
      case 'thawGuest':
        return noFiles;
    }
  },
  refusesPaths: ({ repair: { kind } }) =>
    kind === 'resumeAfterSave' || kind === 'thawGuest' || kind === 'keepVm' ? 'none' : 'unclear',
  mindsCheckpoints: ({ repair }) =>
    'snapshot' in repair || repair.kind === 'nameMovedFiles' || repair.kind === 'adoptTag',
};

/** With those that may have been about to go into it. */
function withBegun(name: string, tree: SnapshotTree): readonly string[] {
  return [name, ...childrenOf(tree, name).map((child) => child.name)];
}

function isMerge(step: Step): boolean {
  return step.kind === 'commitImages' || isMergeByQemu(step);
}

function isMergeByQemu({ kind }: Step): boolean {
  return kind === 'blockCommit' || kind === 'deleteSnapshot';
}

function isMemory(file: string): boolean {
  return file.endsWith('.mem');
}

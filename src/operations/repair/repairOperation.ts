// What the doctor mends.
import { findSnapshot } from '../../domain/snapshotTree.js';
import { isActive } from '../../domain/vm.js';
import { movedFiles, movedRamPlaces } from '../../domain/chains/movedFiles.js';
import type { OperationDefinition } from '../operationDefinition.js';
import {
  configuredFiles,
  factsOfAll,
  filesIn,
  filesOfSnapshots,
  noFacts,
  noFiles,
  presentFiles,
  savedRamOf,
  variablesOf,
} from '../requiredFacts.js';
import { recoverRename } from '../rename/recoverRename.js';
import { recoverEmulatedRevert } from '../revert/recoverEmulatedRevert.js';
import { planRepair } from './planRepair.js';
import { recoverRepair } from './recoverRepair.js';

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
      case 'keepDisks':
      case 'finishDelete':
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
      case 'removeFiles': {
        const { files } = repair;
        const images = files.filter((file) => !isMemory(file));
        return { ...filesIn(facts, [...present, ...images], files.filter(isMemory)), changes: files };
      }
      case 'leaveFrozenFiles': {
        const variables = variablesOf(facts);
        return { ...filesOfSnapshots([repair.snapshot], present, variables, facts), changes: variables };
      }
      case 'finishDelete':
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

function isMemory(file: string): boolean {
  return file.endsWith('.mem');
}

// Which steps of a recovery take nothing away and start nothing, so that they may be done even where little is done unasked.
import type { Plan } from './plan.js';
import type { Step } from '../steps/step.js';

/** @param steps of the recovery; `plan`: of the operation that broke off */
export function actOf(steps: readonly Step[], plan: Plan): 'recover' | 'recoverHarmlessly' {
  const made = filesMadeBy(plan);
  return steps.every((step) => isHarmless(step, made)) ? 'recoverHarmlessly' : 'recover';
}

/** Metadata alone, a guest that thaws, and files that the operation made itself and nobody stands on. */
function isHarmless(step: Step, made: ReadonlySet<string>): boolean {
  switch (step.kind) {
    case 'adoptSnapshot':
    case 'describeSnapshot':
    case 'reparent':
    case 'nameFrozenFiles':
    case 'clearUnfinishedDelete':
    case 'makeCurrent':
    case 'redefineAs':
    case 'makePersistent':
    case 'waitUntil':
    case 'thawGuest':
    case 'setGuestClock':
      return true;
    case 'removeFiles':
      return step.files.every((file) => made.has(file));
    case 'trashFiles':
    case 'createSnapshot':
    case 'revert':
    case 'deleteSnapshot':
    case 'forgetSnapshot':
    case 'createOverlays':
    case 'defineFromSnapshot':
    case 'restoreMemory':
    case 'power':
    case 'startPaused':
    case 'dropManagedSave':
    case 'removeTag':
    case 'copyFile':
    case 'blockCommit':
    case 'commitImages':
    case 'configureDisks':
      return false;
  }
}

function filesMadeBy({ steps }: Plan): ReadonlySet<string> {
  return new Set(
    steps.flatMap((step): readonly string[] => {
      if (step.kind === 'createSnapshot') {
        return [step.memoryFile, ...step.disks.map(({ file }) => file)].flatMap((file) => file ?? []);
      }
      if (step.kind === 'createOverlays') {
        return step.overlays.map(({ file }) => file);
      }
      return step.kind === 'copyFile' && step.existing === 'keep' ? [step.to] : [];
    }),
  );
}

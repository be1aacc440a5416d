// Everything that is ever done without a click, in one list, and what a setting lets of it. docs/safety.md tells it to people;
// a test holds the two together. Each act is done in one place alone, which asks here first.
import type { Plan, Step } from './plan.js';

/** `safe`: what removes nothing of a user's and starts nothing. `none`: nothing but looking. */
export const automaticActions = ['all', 'safe', 'none'] as const;
export type AutomaticActions = (typeof automaticActions)[number];

/**
 * | act                  | what                                                                                    | facts that it demands |
 * |----------------------|-----------------------------------------------------------------------------------------|-----------------------|
 * | recover              | an operation that broke off is brought to its end                                        | see originObstacle, sinceObstacle; no protected VM; three times at most |
 * | recoverHarmlessly    | the same, where each step is harmless: see `isHarmless`                                   | the same |
 * | pruneCheckpoints     | the oldest checkpoints that reverts took go, after a revert                              | see autoPrune |
 * | pruneLayouts         | snapshots of ours that hold the layout go where no layout needs them, after a revert     | see autoPrune: known to be empty |
 * | endPools             | libvirt's storage pools that an editor of ours left are ended: no file is touched        | of our name, transient, unused for ten minutes |
 * | removeLessons        | a lesson's VM that an editor left is removed                                             | written down by us when it was made, by name, UUID and folder |
 */
export const unaskedActs = {
  recover: 'all',
  recoverHarmlessly: 'safe',
  pruneCheckpoints: 'all',
  pruneLayouts: 'all',
  endPools: 'safe',
  removeLessons: 'safe',
} as const satisfies Record<string, Exclude<AutomaticActions, 'none'>>;

export type UnaskedAct = keyof typeof unaskedActs;

export function mayAct(act: UnaskedAct, setting: AutomaticActions): boolean {
  return setting === 'all' || (setting === 'safe' && unaskedActs[act] === 'safe');
}

/** @param steps of the recovery; `plan`: of the operation that broke off */
export function actOf(steps: readonly Step[], plan: Plan): 'recover' | 'recoverHarmlessly' {
  const made = filesMadeBy(plan);
  return steps.every((step) => isHarmless(step, made)) ? 'recoverHarmlessly' : 'recover';
}

/** Metadata alone, a guest that thaws, and files that the operation made itself and nobody stands on. */
function isHarmless(step: Step, made: ReadonlySet<string>): boolean {
  switch (step.do) {
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
      if (step.do === 'createSnapshot') {
        return [step.memoryFile, ...step.disks.map(({ file }) => file)].flatMap((file) => file ?? []);
      }
      if (step.do === 'createOverlays') {
        return step.overlays.map(({ file }) => file);
      }
      return step.do === 'copyFile' && step.existing === 'keep' ? [step.to] : [];
    }),
  );
}

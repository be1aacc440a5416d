// How the delete of one snapshot is told among the steps of a plan. Decides nothing.
import type { Step } from '../../steps/step.js';

type DeleteStep = Extract<Step, { kind: 'deleteSnapshot' | 'forgetSnapshot' }>;

export function isDelete(step: Step): step is DeleteStep {
  return step.kind === 'deleteSnapshot' || step.kind === 'forgetSnapshot';
}

/** The steps that change images, and those after which the snapshot is gone. */
export function startsDelete(step: Step): boolean {
  return isDelete(step) || step.kind === 'commitImages';
}

/** What stands between our merge and the delete. */
export function isMetadataOfMerge({ kind }: Step): boolean {
  return kind === 'nameFrozenFiles' || kind === 'reparent' || kind === 'clearUnfinishedDelete';
}

/** Index of our merge that this step goes with; undefined where there is none, or the step comes after the delete. */
export function mergeBefore(steps: readonly Step[], index: number): number | undefined {
  const own = steps.slice(0, index);
  const last = own.findLastIndex((step) => !isMetadataOfMerge(step));
  return own[last]?.kind === 'commitImages' ? last : undefined;
}

// The steps of a plan in their order, each written to the journal before it begins and when it is done. Refuses to know
// what becomes of those that fail.
import type { OpenEntry } from '../journal/journal.js';
import type { Plan, Step } from '../model/plan.js';
import { share } from './sharing.js';
import type { StepRunner } from './stepRunner.js';
import type { Turn } from './turns.js';

/**
 * | plan                                                             | journaled |
 * |------------------------------------------------------------------|-----------|
 * | more than one step                                               | yes       |
 * | one that a dying daemon can leave half done: a snapshot made, reverted to or deleted, files made or removed | yes |
 * | one change of power, metadata, a wait, a word to the agent       | no        |
 */
export function isJournaled({ steps }: Plan): boolean {
  return steps.length > 1 || steps.some(canBreakOff);
}

function canBreakOff(step: Step): boolean {
  switch (step.do) {
    case 'createSnapshot':
    case 'revert':
    case 'deleteSnapshot':
    case 'createOverlays':
    case 'defineFromSnapshot':
    case 'makeCurrent':
    case 'restoreMemory':
    case 'adoptSnapshot':
    case 'redefineAs':
    case 'removeTag':
    case 'copyFile':
    case 'removeFiles':
    case 'blockCommit':
    case 'commitImages':
      return true;
    case 'describeSnapshot':
    case 'power':
    case 'startPaused':
    case 'dropManagedSave':
    case 'waitUntil':
    case 'forgetSnapshot':
    case 'reparent':
    case 'nameFrozenFiles':
    case 'clearUnfinishedDelete':
    case 'configureDisks':
    case 'makePersistent':
    case 'thawGuest':
    case 'setGuestClock':
      return false;
  }
}

export interface StepsToRun {
  readonly turn: Turn;
  readonly plan: Plan;
  readonly entry?: OpenEntry | undefined;
  /** Looks afresh before each step but the first, and rejects if the rest of the plan holds no longer. */
  readonly beforeStep: (index: number) => Promise<void>;
}

/** Returns how long the guest stood still, if that was seen. Rejects with the Failure of a step, or of the journal. */
export async function runSteps(
  runner: StepRunner,
  { turn, plan, entry, beforeStep }: StepsToRun,
): Promise<number | undefined> {
  let guestPausedMs: number | undefined;
  for (const [index, step] of plan.steps.entries()) {
    if (index > 0) {
      await beforeStep(index);
    }
    const written = entry === undefined ? undefined : indexIn(entry, step);
    if (written !== undefined) {
      await entry?.begun(written);
    }
    const paused = await runner.run(turn, await turn.live.open(), step, plan.estimateMs);
    guestPausedMs ??= paused;
    if (written !== undefined) {
      await entry?.done(written);
    }
  }
  return guestPausedMs;
}

/**
 * Where the entry's own plan has this step: the first that is not done, else any. A recovery's plan can hold others, of
 * which nothing is written: the next recovery looks at the true state again.
 */
function indexIn({ entry }: OpenEntry, step: Step): number | undefined {
  const done = new Set(entry.steps.filter(({ state }) => state === 'done').map(({ index }) => index));
  const alike = [...entry.plan.steps.keys()].filter(
    (index) => share(entry.plan.steps[index], step) === entry.plan.steps[index],
  );
  return alike.find((index) => !done.has(index)) ?? alike[0];
}

// Where an operation broke off, and the parts that every recovery is made of.
import { namedFiles, restingOn, snapshotsIn } from './fileUse.js';
import { otherUserOf } from './otherVms.js';
import type { Situation, Step } from './plan.js';
import type { BrokenOff, RecoveredTo, Recovery } from './recovery.js';
import type { Refusal } from './refusal.js';
import { effectOf, isThere } from './stepEffect.js';
import { virshLine } from './virshCommand.js';

/**
 * Index of the first step that is not done.
 *
 * | the journal has it | its effect   | done |
 * |--------------------|--------------|------|
 * | done               | any          | yes  |
 * | begun              | there        | yes  |
 * | begun              | absent, open | no   |
 * | not begun          | any          | no   |
 */
export function brokenAt({ plan, begun, done }: BrokenOff, situation: Situation): number {
  for (const [index, step] of plan.steps.entries()) {
    if (!done.includes(index) && !(begun.includes(index) && effectOf(step, situation) === 'there')) {
      return index;
    }
  }
  return plan.steps.length;
}

export function wasBegun({ begun, done }: BrokenOff, index: number): boolean {
  return index >= 0 && (begun.includes(index) || done.includes(index));
}

/** Whether any step of these kinds was begun. */
export function hasBegun(brokenOff: BrokenOff, kinds: readonly Step['do'][]): boolean {
  return brokenOff.plan.steps.some((step, index) => kinds.includes(step.do) && wasBegun(brokenOff, index));
}

/** Settled where nothing is left to do. */
export function goOn(brokenOff: BrokenOff, steps: readonly Step[], to: RecoveredTo): Recovery {
  return steps.length === 0
    ? { type: 'settled', to }
    : {
        type: 'steps',
        to,
        plan: { ...brokenOff.plan, steps, losses: [], warnings: [], progress: 'timeOnly' },
      };
}

export function explain({ request }: BrokenOff, why: Refusal, steps: readonly Step[], { vm }: Situation): Recovery {
  const commands = steps.map((step) => virshLine([step], vm, request.vm.connection));
  return { type: 'explain', why, commands };
}

/**
 * Of files that an operation made or was to remove, those that are there and that nobody uses by now: neither the VM nor
 * a snapshot stands on one, no overlay rests on it, no other VM reads it.
 *
 * @param named whether a snapshot may name the file: one that is to go is named still, one that was made is named only
 *   when it is in use
 */
export function unused(
  files: readonly string[],
  situation: Situation,
  named: 'mayBeNamed' | 'notNamed',
): readonly string[] {
  const present = new Set(situation.vm.disks.flatMap(({ source, backing = [] }) => [source, ...backing]));
  return files.filter((file) => {
    const free =
      !present.has(file) &&
      restingOn(situation, [file]).size === 1 &&
      snapshotsIn(situation, new Set([file])).length === 0 &&
      otherUserOf([file], situation) === undefined;
    return isThere(file, situation) && free && (named === 'mayBeNamed' || !namedFiles(situation).has(file));
  });
}

/** `removeFiles` steps keep only what nobody uses; the others stay as they are. */
export function safely(steps: readonly Step[], situation: Situation): readonly Step[] {
  return steps.flatMap((step): readonly Step[] => {
    if (step.do !== 'removeFiles') {
      return [step];
    }
    const files = unused(step.files, situation, 'mayBeNamed');
    return files.length === 0 ? [] : [{ do: 'removeFiles', files }];
  });
}

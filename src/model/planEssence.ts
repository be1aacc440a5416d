// What steps do, without what may differ between two looks at the same thing: the names of what will be made, seconds.
// Knows no request.
import type { Step } from './plan.js';

/**
 * Whether two rows of steps do the same to the same things.
 *
 * | in a step                                        | compared                                      |
 * |--------------------------------------------------|-----------------------------------------------|
 * | name, description of a snapshot that is made     | no: a title can need another name by now      |
 * | files that are made, wherever they appear later  | as "the nth one that is made"                 |
 * | waitUntil                                        | no: the second may be over                    |
 * | setGuestClock                                    | no: an agent comes and goes, and it is good without |
 * | everything else                                  | yes                                           |
 */
export function sameSteps(one: readonly Step[], other: readonly Step[]): boolean {
  return text(stepsEssence(one)) === text(stepsEssence(other));
}

function stepsEssence(steps: readonly Step[]): readonly unknown[] {
  const made = new Map<string, string>();
  const note = (name: string): void => {
    if (!made.has(name)) {
      made.set(name, `made ${made.size}`);
    }
  };
  steps.flatMap(madeBy).forEach(note);
  return steps
    .filter((step) => step.do !== 'waitUntil' && step.do !== 'setGuestClock')
    .map((step) => (step.do === 'createSnapshot' ? { ...step, description: '' } : step))
    .map((step) => replaced(step, made));
}

function madeBy(step: Step): readonly string[] {
  if (step.do === 'createOverlays') {
    return step.overlays.map(({ file }) => file);
  }
  if (step.do === 'createSnapshot') {
    return [
      step.name,
      ...step.disks.flatMap(({ file }) => file ?? []),
      ...(step.memoryFile === undefined ? [] : [step.memoryFile]),
    ];
  }
  return step.do === 'copyFile' && step.existing === 'keep' ? [step.to] : [];
}

function replaced(value: unknown, made: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') {
    return made.get(value) ?? value;
  }
  if (Array.isArray(value)) {
    return value.map((member) => replaced(member, made));
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replaced(member, made)]))
    : value;
}

/** In the same order of keys, whoever wrote them. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

// What a plan does and what is lost by it, without what may differ between two looks at the same thing: the names of
// what will be made, seconds, how much a VM has written meanwhile. Knows no request.
import type { Loss } from '../domain/consequences.js';
import type { Plan } from './plan.js';
import type { Step } from '../steps/step.js';

/**
 * Whether two rows of steps do the same to the same things.
 *
 * | in a step                                        | compared                                      |
 * |--------------------------------------------------|-----------------------------------------------|
 * | description of a snapshot that is made           | no: a title can need another name by now      |
 * | whether the guest is quiesced for one that is taken by itself | no: as of setGuestClock          |
 * | snapshots and files that are made, wherever they appear later | as "the nth one that is made"    |
 * | waitUntil                                        | no: the second may be over                    |
 * | setGuestClock                                    | no: an agent comes and goes, and it is good without |
 * | everything else                                  | yes                                           |
 */
export function sameSteps(one: readonly Step[], other: readonly Step[]): boolean {
  return text(stepsIdentity(one)) === text(stepsIdentity(other));
}

/**
 * Whether a fresh plan is still the one that somebody said yes to: what is done to what, and what is lost. Warnings and
 * estimates are no part of it, nor how much a VM that runs has written on.
 */
export function stillHolds(confirmed: Plan, fresh: Plan): boolean {
  return sameSteps(confirmed.steps, fresh.steps) && text(lossesIdentity(confirmed)) === text(lossesIdentity(fresh));
}

/** By the name or path of what is made, the number under which it is compared. */
interface MadeNumbers {
  readonly snapshots: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
}

function stepsIdentity(steps: readonly Step[]): readonly unknown[] {
  const made = numberMade(steps);
  return steps
    .filter((step) => step.kind !== 'waitUntil' && step.kind !== 'setGuestClock')
    .map((step) => replaceByNumbers(plainStep(step), made));
}

function lossesIdentity({ steps, losses }: Plan): readonly unknown[] {
  const made = numberMade(steps);
  return losses.map((loss): unknown => replaceByNumbers(plainLoss(loss), made));
}

/** Without what is of no account; a delete in an old journal has a word more. */
function plainStep(step: Step): Step {
  if (step.kind === 'createSnapshot') {
    // What is free changes from one look to the next, and so does what QEMU can do; it is the same snapshot in the end.
    const { seamless: _, ...same } = step;
    // An agent comes and goes: what is taken by itself is good without it.
    const quiesce = step.auto === undefined && step.quiesce;
    return { ...same, quiesce, description: '', mostBytes: 0 };
  }
  return step.kind === 'deleteSnapshot' ? { kind: step.kind, snapshot: step.snapshot } : step;
}

function plainLoss(loss: Loss): Loss {
  return loss.kind === 'diskChanges'
    ? { kind: loss.kind, ...(loss.since === undefined ? {} : { since: loss.since }) }
    : loss;
}

function numberMade(steps: readonly Step[]): MadeNumbers {
  const [snapshots, files] = [new Map<string, string>(), new Map<string, string>()];
  const note = (map: Map<string, string>, name: string): unknown =>
    map.has(name) ? undefined : map.set(name, `made ${map.size}`);
  for (const step of steps) {
    if (step.kind === 'createSnapshot') {
      note(snapshots, step.name);
      step.disks.forEach(({ file }) => file !== undefined && note(files, file));
      if (step.memoryFile !== undefined) {
        note(files, step.memoryFile);
      }
    } else if (step.kind === 'createOverlays') {
      step.overlays.forEach(({ file }) => note(files, file));
    } else if (step.kind === 'copyImages') {
      step.disks.forEach(({ file }) => note(files, file));
    } else if (step.kind === 'copyFile' && step.existing === 'keep') {
      note(files, step.to);
    }
  }
  return { snapshots, files };
}

/** Under these a snapshot's name stands; a path is known by its first character. */
const snapshotKeys: ReadonlySet<string> = new Set(['name', 'snapshot', 'parent', 'since']);

function replaceByNumbers(value: unknown, made: MadeNumbers, key = ''): unknown {
  if (typeof value === 'string') {
    const known = value.startsWith('/') ? made.files : snapshotKeys.has(key) ? made.snapshots : undefined;
    return known?.get(value) ?? value;
  }
  if (Array.isArray(value)) {
    return value.map((member) => replaceByNumbers(member, made));
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replaceByNumbers(member, made, name)]))
    : value;
}

/** In a fixed order of keys. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

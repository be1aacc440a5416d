// Whether what a step asks for is so, by what is seen of the VM: a rule for each word of the vocabulary. Pure.
import type { Snapshot } from '../domain/snapshot.js';
import { firstMemory, type LessonFacts, newSnapshots, standsOn, takenByPerson } from './lessonFacts.js';
import type { LevelCheck, LevelGoal } from './levelShape.js';

type Rules = {
  readonly [K in keyof LevelCheck]-?: (
    wanted: NonNullable<LevelCheck[K]>,
    now: LessonFacts,
    before: LessonFacts,
    goal: LevelGoal | undefined,
  ) => boolean;
};

const rules: Rules = {
  power: (power, now) => now.power === power,
  new: (wanted, now, before) => newSnapshots(now, before).some((one) => fits(one, wanted)),
  snapshots: (wanted, now) =>
    wanted.every(({ title, below, ...rest }) =>
      takenByPerson(now).some(
        (one) => one.title === title && fits(one, rest) && (below === undefined || parentOf(now, one)?.title === below),
      ),
    ),
  gone: (titles, now, before) =>
    titles.every((title) =>
      title === '@any'
        ? takenByPerson(before).some(({ name }) => now.snapshots.every((one) => one.name !== name))
        : findSnapshot(now, title) === undefined,
    ),
  count: (wanted, now) => isWithin(takenByPerson(now).length, wanted),
  current: (title, now) => {
    const wanted = findSnapshot(now, title);
    return wanted !== undefined && standsOn(now)?.name === wanted.name;
  },
  goal: (_, now, __, goal) => goal !== undefined && isGoal(now, goal),
  layers: (wanted, { layers }) => layers !== undefined && isWithin(layers, wanted),
  bytes: ({ of, ...wanted }, now) => isWithin(bytesOf(now, of), wanted),
  wrote: (_, now, before) => now.writes > before.writes,
  measured: (_, now, before) => now.measured > before.measured,
  counter: (wanted, now) => now.counter === wanted,
  blocks: (wanted, { blocks }) => blocks !== undefined && wanted.every(({ at, seed }) => (blocks[at] ?? 0) === seed),
  kept: (title, now) => {
    const wanted = findSnapshot(now, title);
    return wanted !== undefined && now.kept?.includes(wanted.name) === true;
  },
  did: (operation, now, before) => now.did?.slice(before.did?.length ?? 0).includes(operation) === true,
  clones: ({ power, ...wanted }, { clones }) =>
    clones !== undefined && isWithin(clones.filter((one) => power === undefined || one === power).length, wanted),
  found: (title, now) => now.found !== undefined && findSnapshot(now, title)?.name === now.found,
  file: ({ name, text }, { copied }) => copied?.[name]?.includes(text) === true,
  exported: (wanted, { exported }) => exported !== undefined && isWithin(exported, wanted),
  problem: (kind, now) => now.problems?.includes(kind) === true,
  healthy: (_, now) => now.problems?.length === 0,
};

export type CheckWord = keyof LevelCheck;

/** @param before what was seen when the step was reached */
export function holds(
  check: LevelCheck,
  now: LessonFacts,
  before: LessonFacts,
  goal: LevelGoal | undefined,
): ReadonlyMap<CheckWord, boolean> {
  const words = Object.keys(check) as CheckWord[];
  return new Map(
    words.map((word) => {
      const rule = rules[word] as (wanted: unknown, ...facts: readonly unknown[]) => boolean;
      return [word, rule(check[word], now, before, goal)];
    }),
  );
}

export function allHold(...asked: Parameters<typeof holds>): boolean {
  return [...holds(...asked).values()].every((one) => one);
}

/** By its title, or by what it is; of several of one title the newest. */
export function findSnapshot(facts: LessonFacts, title: string): Snapshot | undefined {
  switch (title) {
    case '@current':
      return standsOn(facts);
    case '@memory':
      return firstMemory(facts);
    default:
      return takenByPerson(facts).findLast((one) => one.title === title);
  }
}

/** Finds the parent among the snapshots that a person took. */
function parentOf(facts: LessonFacts, { parent }: Snapshot): Snapshot | undefined {
  return parent === undefined ? undefined : standsOn({ ...facts, current: parent });
}

/** Exactly these, however they came about. */
function isGoal(facts: LessonFacts, goal: LevelGoal): boolean {
  const { snapshots, isHere } = reachedOf(facts, goal);
  return takenByPerson(facts).length === snapshots.length && snapshots.every((one) => one) && isHere;
}

/** Whether each snapshot of the goal, and the current state, is as in the goal. */
export function reachedOf(
  facts: LessonFacts,
  { snapshots, current }: LevelGoal,
): { readonly snapshots: readonly boolean[]; readonly isHere: boolean } {
  const all = takenByPerson(facts);
  return {
    snapshots: snapshots.map(({ title, below, kind }) =>
      all.some(
        (one) =>
          one.title === title && parentOf(facts, one)?.title === below && (kind === undefined || one.kind === kind),
      ),
    ),
    isHere: current === undefined || standsOn(facts)?.title === current,
  };
}

function bytesOf({ files, top }: LessonFacts, of: NonNullable<LevelCheck['bytes']>['of']): number {
  return files
    .filter(({ name, kind }) => of === 'all' || (of === 'top' ? name === top : kind === of))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

function fits(one: Snapshot, { kind, style }: Partial<Pick<Snapshot, 'kind' | 'style'>>): boolean {
  return (kind === undefined || one.kind === kind) && (style === undefined || one.style === style);
}

function isWithin(
  value: number,
  { least = 0, most = Infinity }: { readonly least?: number; readonly most?: number },
): boolean {
  return value >= least && value <= most;
}

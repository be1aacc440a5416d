// What a level sees of its VM. Pure.
import type { Snapshot } from '../domain/snapshot.js';
import type { PowerState } from '../domain/vm.js';

/** A file in the lesson's folder that belongs to the VM's disk or to a snapshot. */
export interface LessonFile {
  readonly name: string;
  /** What it takes on its file system. */
  readonly bytes: number;
  readonly kind: 'base' | 'delta' | 'memory';
  /** Which row of the picture it is, the base 0; absent: none, or not known. */
  readonly layer?: number;
  /** The VM reads it now; absent where that is not told, as of a VM that is off. */
  readonly inUse?: boolean;
}

export interface LessonFacts {
  readonly power: PowerState;
  readonly snapshots: readonly Snapshot[];
  readonly current?: string;
  /** An operation runs on the VM. */
  readonly busy: boolean;
  /** How often the guest wrote for the lesson. */
  readonly writes: number;
  /** How often it was measured what layers cost, or tried to. */
  readonly measured: number;
  /** Files that the disk consists of now; absent where that is not known. */
  readonly layers?: number;
  /** The name of the file that is written to. */
  readonly top?: string;
  readonly files: readonly LessonFile[];
  /** The number in the guest's RAM, where the level asks for it. */
  readonly counter?: number;
  /** By number, what the guest reads in those that the level asks for; 0: nothing was written there. */
  readonly blocks?: Readonly<Record<number, number>>;
  /** Kinds of what the doctor finds, where the level asks for it. */
  readonly problems?: readonly string[];
  /** Names of snapshots that no rule deletes. */
  readonly kept?: readonly string[];
  /** What a person did since the level began, oldest first. */
  readonly did?: readonly string[];
  /** The state of each clone and fork. */
  readonly clones?: readonly PowerState[];
  /** Name of the snapshot that a bisect found. */
  readonly found?: string;
  /** By their names, what the files contain that were copied out, where the level asks for it. */
  readonly copied?: Readonly<Record<string, string>>;
  /** How many snapshots are in a copy of the VM, where the level asks for it. */
  readonly exported?: number;
  /** How often the guest's clock ticked since it booted: it is counted in RAM. */
  readonly ticks?: number;
}

/** Those that a person took: what an emulated revert adds to keep the files in order does not count. */
export function takenByPerson({ snapshots }: Pick<LessonFacts, 'snapshots'>): readonly Snapshot[] {
  return snapshots.filter(({ trailers }) => trailers.auto === undefined);
}

/** One that a revert added for the sake of the files, which nobody asked for. */
export function layoutSnapshot({ snapshots }: Pick<LessonFacts, 'snapshots'>): Snapshot | undefined {
  return snapshots.find(({ style, trailers }) => style === 'external' && trailers.auto === 'layout');
}

/**
 * Snapshots inside the image, which only the learner takes. They make no layer, and while there is one the VM can have
 * no other kind.
 */
export function insideImage(facts: Pick<LessonFacts, 'snapshots'>): readonly Snapshot[] {
  return takenByPerson(facts).filter(({ style }) => style === 'internal');
}

export function newSnapshots(now: LessonFacts, before: LessonFacts): readonly Snapshot[] {
  const known = new Set(before.snapshots.map(({ name }) => name));
  return takenByPerson(now).filter(({ name }) => !known.has(name));
}

/** The snapshot that the current state is built on; of those that a person took. */
export function standsOn(facts: LessonFacts): Snapshot | undefined {
  const byName = new Map(facts.snapshots.map((one) => [one.name, one]));
  const seen = new Set<string>();
  let at = facts.current;
  while (at !== undefined && !seen.has(at)) {
    seen.add(at);
    const snapshot = byName.get(at);
    if (snapshot?.trailers.auto === undefined) {
      return snapshot;
    }
    at = snapshot.parent;
  }
  return undefined;
}

/** The first one with RAM: what the lesson goes back to. */
export function firstMemory(facts: LessonFacts): Snapshot | undefined {
  return takenByPerson(facts)
    .filter(({ kind }) => kind === 'memory')
    .sort((a, b) => a.createdAt - b.createdAt)[0];
}

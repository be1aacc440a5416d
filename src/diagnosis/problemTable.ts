// The table of all problems: how bad each is, what mends it, and how health tells it from others.
import { isStateTarget, ramTarget } from '../domain/frozenRecord.js';
import type { Repair } from '../domain/operation.js';
import type { Refusal } from '../domain/refusal.js';
import type { VmRef } from '../domain/vm.js';
import type { CheckId, Problem, ProblemKind, ProblemOf, Severity } from './problem.js';

/** What is more than a note is a matter of health: the doctor and health are of one mind. */
type ProblemRow<P> = RowParts<P> &
  (
    | { readonly severity: 'note'; readonly check?: CheckId }
    | { readonly severity: Exclude<Severity, 'note'> | ((problem: P) => Severity); readonly check: CheckId }
  );

interface RowParts<P> {
  /** What mends it; absent: nothing here does. */
  readonly repair?: (problem: P) => Repair | undefined;
  /** Another way to mend it, by which less is lost. */
  readonly other?: (problem: P) => Repair | undefined;
  /**
   * How health finds it: by a rule of its own, by the doctor's rule on the tree alone, or (absent) in what an
   * examination found.
   */
  readonly by?: 'health' | 'tree';
  /** Whose it is (absent: the VM's): what belongs to a folder or a libvirt is the same for all VMs there. */
  readonly of?: 'connection';
  /** What tells it from another of its kind. */
  readonly names?: readonly (keyof P)[];
  readonly key?: (problem: P) => string;
}

const forget = ({ snapshot }: { readonly snapshot: string }): Repair => ({ kind: 'forgetSnapshot', snapshot });
const keepDisks = ({ snapshot }: { readonly snapshot: string }): Repair => ({ kind: 'keepDisks', snapshot });
const isUnsure = ({ facts }: Refusal): boolean => facts['time'] !== undefined;
const metadata = { check: 'metadataWithoutFile', names: ['snapshot', 'file'] } as const;

/**
 * `check`, `of`, `names` and `key` make what is kept in users' notes: they may not change, nor the order of the names.
 */
const problems: { readonly [K in ProblemKind]: ProblemRow<ProblemOf<K>> } = {
  chainTooDeep: { severity: 'warning', check: 'chainTooDeep', by: 'health', names: ['disk'] },
  chainTooDeepToStart: { severity: 'error', check: 'chainTooDeepToStart', by: 'health', names: ['disk'] },
  deltaTooOld: {
    severity: 'warning',
    check: 'deltaTooOld',
    by: 'health',
    key: ({ snapshot, since }) => snapshot ?? String(since),
  },
  deltaTooLarge: { severity: 'warning', check: 'deltaTooLarge', by: 'health', names: ['disk', 'file'] },
  deltasTooLarge: { severity: 'warning', check: 'deltasTooLarge', by: 'health' },
  freeSpaceLow: { severity: 'error', check: 'freeSpaceLow', by: 'health', of: 'connection', names: ['folder'] },
  freeSpaceRunsOut: {
    severity: 'warning',
    check: 'freeSpaceRunsOut',
    by: 'health',
    of: 'connection',
    names: ['folder'],
  },
  backingMissing: { severity: 'error', check: 'backingMissing', by: 'health', names: ['disk', 'file'] },
  mixedUndeletable: { severity: 'warning', check: 'mixedUndeletable', by: 'health' },
  inTrash: { severity: 'note', check: 'inTrash', by: 'health' },
  notQuiesced: { severity: 'note', check: 'notQuiesced', by: 'health', names: ['snapshot'] },

  overlayMissing: {
    severity: 'error',
    repair: ({ snapshot }) => (snapshot === undefined ? undefined : forget({ snapshot })),
    check: 'backingLost',
    names: ['snapshot', 'file'],
  },
  fileMoved: {
    severity: 'error',
    repair: ({ isSame }) => (isSame ? { kind: 'nameMovedFiles' } : undefined),
    check: 'backingLost',
    names: ['file'],
  },
  tagMissing: { severity: 'error', repair: forget, ...metadata },
  tagWithoutRam: { severity: 'error', repair: forget, check: 'metadataWithoutFile', names: ['snapshot'] },
  nameIsTagId: { severity: 'warning', check: 'metadataWithoutFile', names: ['snapshot', 'file', 'other'] },
  tagTwice: { severity: 'warning', ...metadata },
  memoryFileMissing: { severity: 'error', repair: keepDisks, ...metadata },
  memoryFileBroken: { severity: 'error', repair: keepDisks, ...metadata },
  staleMetadata: {
    severity: 'warning',
    repair: (problem) => (problem.canForget ? forget(problem) : undefined),
    check: 'metadataWithoutFile',
    names: ['snapshot', 'disk'],
  },
  orphanFile: {
    severity: 'note',
    repair: ({ file }) => ({ kind: 'removeFiles', files: [file] }),
    check: 'orphan',
    names: ['file'],
  },
  unusedOverlay: {
    severity: ({ isNewer }) => (isNewer ? 'error' : 'warning'),
    check: 'damaged',
    names: ['disk', 'file', 'overlay'],
  },
  orphanTag: {
    severity: 'warning',
    repair: ({ file, tag }) => ({ kind: 'removeTag', file, tag }),
    other: ({ tag }) => ({ kind: 'adoptTag', tag }),
    check: 'orphan',
    names: ['file', 'tag'],
  },
  onFrozenFiles: {
    severity: 'error',
    repair: ({ snapshot }) => ({ kind: 'leaveFrozenFiles', snapshot }),
    check: 'damaged',
    names: ['snapshot', 'disk', 'file'],
  },
  volumeNotThere: { severity: 'error', check: 'backingLost', names: ['disk', 'pool', 'volume'] },
  imageUnclosed: {
    severity: ({ isTop }) => (isTop === true ? 'note' : 'error'),
    repair: ({ file }) => ({ kind: 'repairImages', files: [file] }),
    check: 'damaged',
    names: ['file'],
  },
  corruptImage: { severity: 'error', check: 'damaged', names: ['file'] },
  backingChanged: { severity: 'warning', check: 'backingChanged', names: ['file', 'overlay'] },
  contentChanged: {
    severity: ({ why }) => (isUnsure(why) ? 'warning' : 'error'),
    // What may be whole is not given up by one click.
    repair: (problem) =>
      isStateTarget(problem.disk) || isUnsure(problem.why)
        ? undefined
        : (problem.disk === ramTarget ? keepDisks : forget)(problem),
    check: 'backingChanged',
    names: ['snapshot', 'disk', 'file'],
  },
  frozenFileShared: { severity: 'error', check: 'damaged', names: ['file', 'writer', 'owner', 'title'] },
  nvramNotHeld: { severity: 'note', check: 'nvramNotHeld', names: ['snapshot'] },
  guestFrozen: { severity: 'error', repair: () => ({ kind: 'thawGuest' }), check: 'standsStill' },
  pausedSaving: { severity: 'error', repair: () => ({ kind: 'resumeAfterSave' }), check: 'standsStill', by: 'tree' },
  noCurrent: {
    severity: 'warning',
    repair: ({ on }) => (on === undefined ? undefined : { kind: 'makeCurrent', snapshot: on }),
    check: 'noCurrent',
    by: 'tree',
  },
  unfinishedDelete: {
    severity: 'error',
    repair: ({ snapshot }) => ({ kind: 'finishDelete', snapshot }),
    check: 'unfinishedDelete',
    by: 'tree',
    names: ['snapshot', 'disk'],
  },
  knownBadVersion: {
    severity: 'note',
    check: 'knownBadLibvirt',
    by: 'tree',
    of: 'connection',
    key: ({ kind, version, why, source }) => JSON.stringify({ kind, version, why, source }),
  },

  mixedStyles: { severity: 'warning', check: 'noCurrent', by: 'tree' },
  namesOtherOverlay: { severity: 'note' },
  vanishes: { severity: 'error', repair: () => ({ kind: 'keepVm' }), check: 'noCurrent', by: 'tree' },
  startsElsewhere: {
    severity: ({ isSameDisk }) => (isSameDisk ? 'error' : 'warning'),
    repair: ({ isSameDisk }) => (isSameDisk ? { kind: 'configureDisks' } : undefined),
    check: 'backingChanged',
    names: ['disk', 'file', 'configured'],
  },
  unreadableEntry: { severity: 'error', check: 'unfinishedOperation' },
  unfinishedOperation: { severity: 'error', check: 'unfinishedOperation' },
  runsUnseen: { severity: 'error', check: 'damaged', names: ['file'] },
  mergeLost: { severity: 'error', check: 'damaged', names: ['disk', 'file'] },
  managedSave: { severity: 'note' },
  temporaryClone: { severity: 'note' },
  savedBelow: { severity: 'error', check: 'backingChanged', names: ['disk', 'file', 'overlay'] },
  lostRam: { severity: 'note' },
  usedByHost: { severity: 'error', check: 'damaged', names: ['file'] },
  baseOfOtherVm: { severity: 'warning', check: 'damaged', names: ['file', 'vm', 'owner'] },
  usedByOtherVm: { severity: 'note' },
  writtenByOtherVm: { severity: 'error', check: 'damaged', names: ['file', 'vm', 'owner'] },
  denied: { severity: 'warning', check: 'metadataWithoutFile', names: ['file'] },
  notSeen: { severity: 'note' },
};

/** It is given problems of its own kind alone. */
function rowOf({ kind }: Problem): ProblemRow<Problem> {
  return problems[kind] as ProblemRow<Problem>;
}

export function severityOf(problem: Problem): Severity {
  const { severity } = rowOf(problem);
  return typeof severity === 'string' ? severity : severity(problem);
}

export function worstFirst(all: readonly Problem[]): readonly Problem[] {
  const severities: readonly Severity[] = ['error', 'warning', 'note'];
  return severities.flatMap((severity) => all.filter((one) => severityOf(one) === severity));
}

export function repairOf(problem: Problem): Repair | undefined {
  return rowOf(problem).repair?.(problem);
}

export function otherRepairOf(problem: Problem): Repair | undefined {
  return rowOf(problem).other?.(problem);
}

/** Undefined: it is no matter of health. */
export function checkOf(problem: Problem): CheckId | undefined {
  return rowOf(problem).check;
}

/** It is the same for all VMs of a connection. */
export function isOfConnection(problem: Problem): boolean {
  return rowOf(problem).of === 'connection';
}

export function isSeenInTree(problem: Problem): boolean {
  return rowOf(problem).by === 'tree';
}

/** An examination does not find it. */
export function isOfHealth(problem: Problem): boolean {
  return rowOf(problem).by === 'health';
}

/** Each once. */
export function checksBy(...by: readonly ('health' | 'tree' | 'examination')[]): readonly CheckId[] {
  const rows: readonly Pick<ProblemRow<Problem>, 'check' | 'by'>[] = Object.values(problems);
  const checks = rows.flatMap((row) => (by.includes(row.by ?? 'examination') ? (row.check ?? []) : []));
  return [...new Set(checks)];
}

/** The snapshot that a problem is about, if it is about one. */
export function snapshotOf(problem: Problem): string | undefined {
  return 'snapshot' in problem ? problem.snapshot : undefined;
}

/** The file that a problem is about, if it is about one. */
export function fileOf(problem: Problem): string | undefined {
  return 'file' in problem ? problem.file : undefined;
}

/** The same for the same thing wrong, however its values move, so that it is told once and can be snoozed. */
export function keyOf(ref: VmRef, problem: Problem): string {
  const { check = problem.kind, by, of, names = [], key } = rowOf(problem);
  const values: Readonly<Record<string, unknown>> = { ...problem };
  const told = names.flatMap((name) => {
    const value = values[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return [
    ref.connection,
    ...(of === 'connection' ? [] : [ref.uuid]),
    check,
    ...(key !== undefined
      ? [key(problem)]
      : by === 'health'
        ? told.map(([, value]) => value)
        : [problem.kind, JSON.stringify(told)]),
  ].join(' ');
}

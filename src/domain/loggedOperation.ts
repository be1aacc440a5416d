// What the log of operations keeps of each: what was asked for, what it came to, and what was before and after. Values
// only.
import type { OperationRequest } from './operation.js';
import { identityOf, type Snapshot, type SnapshotKind, type SnapshotTree } from './snapshot.js';
import type { PowerState, Vm, VmRef } from './vm.js';

/** What a person put on snapshots, that changes no snapshot and no disk. */
export type MarkRequest =
  | {
      readonly kind: 'keep';
      readonly vm: VmRef;
      readonly snapshots: readonly string[];
      readonly kept: 'kept' | 'free';
      /** Until when they are kept, or were: milliseconds since 1970. Absent: for good. */
      readonly until?: number;
      /** Of those that were kept otherwise before: until when, 0 for good. */
      readonly instead?: number;
    }
  /** `until`: milliseconds since 1970, when those in the trash may be deleted unasked. */
  | {
      readonly kind: 'trash';
      readonly vm: VmRef;
      readonly snapshots: readonly string[];
      readonly put: 'in' | 'out';
      readonly until: number;
      /** Of a restore point of a system: they are deleted with those of its other VMs. */
      readonly whole?: true;
    }
  /** Absent `snapshot`: none is the favourite from then on; `instead`: the one before. */
  | { readonly kind: 'favourite'; readonly vm: VmRef; readonly snapshot?: string; readonly instead?: string };

export type LoggedRequest = OperationRequest | MarkRequest;

/** A snapshot as far as it can be told apart, and told again. */
export interface LoggedSnapshot {
  readonly name: string;
  /** Milliseconds since 1970, as it says of itself. */
  readonly createdAt: number;
  readonly parent?: string;
  readonly title: string;
  readonly description: string;
}

/**
 * Absent `before`: it was made. Absent `after`: it is gone. Both the same: it was meant, and no later one of its name
 * is.
 */
export interface SnapshotChange {
  readonly before?: LoggedSnapshot;
  readonly after?: LoggedSnapshot;
}

export interface LoggedState {
  readonly power: PowerState;
  /** The name of the current snapshot. */
  readonly current?: string;
  readonly disks: readonly { readonly target: string; readonly file?: string }[];
}

/** A system that an operation was carried out for, by its name of then. */
export interface SystemOfOperation {
  readonly id: string;
  readonly name: string;
}

/** How long an operation took, and on what: forecasts go by it. */
export interface OperationDuration {
  /** Milliseconds of its steps, without the look before them. */
  readonly ms: number;
  /** The style of the snapshot that was the target, or of those that were deleted. */
  readonly style: Snapshot['style'];
  readonly kind: SnapshotKind;
  /** How many were deleted; 1 of a revert. */
  readonly snapshots: number;
}

export interface LoggedOperation {
  /** Eight hexadecimal digits. */
  readonly id: string;
  /** Milliseconds since 1970: its end. Never that of one before it. */
  readonly at: number;
  readonly vm: VmRef;
  readonly request: LoggedRequest;
  /** The name of the snapshot that it made, or edited. */
  readonly snapshot?: string;
  /** The name of the snapshot that keeps what a revert left. */
  readonly checkpoint?: string;
  /** The name of the one that had it already. */
  readonly spared?: string;
  readonly before: LoggedState;
  readonly after: LoggedState;
  readonly changes: readonly SnapshotChange[];
  /** The id of the one that it undoes. What undoes an undo does the first one again. */
  readonly undoes?: string;
  /** Nobody asked for it, as when old checkpoints go. */
  readonly unasked?: true;
  /** Whose VMs it was done with, all at once. */
  readonly system?: SystemOfOperation;
  /**
   * How long the revert or delete of one VM took. It is absent for several at once, where each waits for the others.
   */
  readonly took?: OperationDuration;
}

/** What of a logged operation forecasts go by. */
export type MeasuredOperation = Pick<LoggedOperation, 'request' | 'checkpoint' | 'before' | 'after'> & {
  readonly took: OperationDuration;
};

/** Longer texts are cut: an undo that would need the rest is refused. */
export const longestLoggedText = 2_000;

export function loggedStateOf(vm: Vm, { current }: SnapshotTree): LoggedState {
  return {
    power: vm.power,
    ...(current === undefined ? {} : { current }),
    disks: vm.disks.map(({ target, source }) => ({ target, ...(source === undefined ? {} : { file: source }) })),
  };
}

/**
 * Each snapshot that is there in one only, or says something else of itself. A snapshot of another name is another one.
 */
export function snapshotChanges(before: SnapshotTree, after: SnapshotTree): readonly SnapshotChange[] {
  const there = new Map(after.snapshots.map((one) => [identityOf(one), loggedSnapshotOf(one)]));
  const changed = before.snapshots.flatMap((one): readonly SnapshotChange[] => {
    const [was, is] = [loggedSnapshotOf(one), there.get(identityOf(one))];
    there.delete(identityOf(one));
    return is !== undefined && isSame(was, is) ? [] : [{ before: was, ...(is === undefined ? {} : { after: is }) }];
  });
  return [...changed, ...[...there.values()].map((one) => ({ after: one }))];
}

/**
 * The snapshot that a revert could go back from: where nothing had changed since, it is as good as a checkpoint of its
 * own.
 */
export function sparedSnapshot({
  request,
  checkpoint,
  spared,
  before,
}: Pick<LoggedOperation, 'request' | 'checkpoint' | 'spared' | 'before'>): string | undefined {
  const isSpared = checkpoint === undefined && request.kind === 'revert' && request.checkpointFirst === true;
  return isSpared ? (spared ?? before.current) : undefined;
}

/** Records which snapshots had these names. */
export function logAsUnchanged(
  there: readonly LoggedSnapshot[],
  names: readonly (string | undefined)[],
): readonly SnapshotChange[] {
  return there.filter(({ name }) => names.includes(name)).map((one) => ({ before: one, after: one }));
}

export function loggedSnapshotsOf({ snapshots }: SnapshotTree): readonly LoggedSnapshot[] {
  return snapshots.map(loggedSnapshotOf);
}

/** Whether it says the same of itself, wherever it stands. */
export function isSameText(a: LoggedSnapshot, b: Pick<Snapshot, 'title' | 'description'>): boolean {
  return a.title === b.title && a.description === b.description.slice(0, longestLoggedText);
}

function isSame(a: LoggedSnapshot, b: LoggedSnapshot): boolean {
  return a.parent === b.parent && isSameText(a, b);
}

function loggedSnapshotOf({ name, createdAt, parent, title, description }: Snapshot): LoggedSnapshot {
  return {
    name,
    createdAt,
    ...(parent === undefined ? {} : { parent }),
    title,
    description: description.slice(0, longestLoggedText),
  };
}

// Which snapshots somebody wants to keep, by the marks that were put on them.
import type { OneSnapshot } from '../../journal/snapshotRecords.js';
import type { KeptMark, TrashMark } from '../../journal/marks.js';
import type { VmRef } from '../../domain/vm.js';
import type { Persistence } from '../../journal/persistence.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';

/**
 * In doubt a snapshot is kept: a wrong mark costs space, a missing one costs the snapshot.
 *
 * | a mark's name | its second           | marks                                          |
 * |---------------|----------------------|------------------------------------------------|
 * | is there      | the same             | that snapshot                                  |
 * | is there      | another              | those of its second: the name went to another one |
 * | is gone       | that of one or some  | those: one was renamed                         |
 * | is gone       | of none              | none: it was deleted                           |
 */
export function findKeptSnapshots(tree: SnapshotTree, marks: readonly OneSnapshot[]): readonly Snapshot[] {
  const exact = (mark: OneSnapshot, { name, createdAt }: Snapshot): boolean =>
    mark.name === name && mark.createdAt === createdAt;
  const loose = marks.filter((mark) => !tree.snapshots.some((snapshot) => exact(mark, snapshot)));
  return tree.snapshots.filter(
    (snapshot) =>
      marks.some((mark) => exact(mark, snapshot)) || loose.some(({ createdAt }) => createdAt === snapshot.createdAt),
  );
}

/** The marks by which a snapshot counts as kept. */
export function marksOn(snapshot: Snapshot, tree: SnapshotTree, marks: readonly OneSnapshot[]): readonly OneSnapshot[] {
  return marks.filter((mark) => findKeptSnapshots(tree, [mark]).some(({ name }) => name === snapshot.name));
}

/** All marks that keep a snapshot now: a favourite is kept too, and one with a date until then. */
export async function keepingMarks({ marks }: Pick<Persistence, 'marks'>, ref: VmRef): Promise<readonly OneSnapshot[]> {
  const [kept, favourite] = await Promise.all([marks.kept.of(ref), marks.favourite.of(ref)]);
  return [...stillKeeping(kept, Date.now()), ...favourite];
}

export function stillKeeping(marks: readonly KeptMark[], now: number): readonly KeptMark[] {
  return marks.filter(({ until }) => until === undefined || until > now);
}

export interface DatedSnapshot {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Until when somebody wants to keep them, for certain: not one that was made anew under the name. */
export function datedIn(tree: SnapshotTree, marks: readonly KeptMark[]): readonly DatedSnapshot[] {
  return inTree(tree, marks).flatMap(({ name, until }) => (until === undefined ? [] : [{ name, until }]));
}

/** The one that the mark is on: it goes along when the snapshot is renamed, but not where that could be one of two. */
export function favouriteIn(tree: SnapshotTree, marks: readonly OneSnapshot[]): Snapshot | undefined {
  // There is one favourite: the newest mark.
  const marked = findKeptSnapshots(tree, marks.slice(-1));
  return marked.length === 1 ? marked[0] : undefined;
}

/** What is in the trash for certain: one that was renamed, or made anew under the name, is not. */
export function inTrash(tree: SnapshotTree, marks: readonly TrashMark[]): readonly TrashMark[] {
  return inTree(tree, marks);
}

function inTree<T extends OneSnapshot>(tree: SnapshotTree, marks: readonly T[]): readonly T[] {
  return marks.filter(({ name, createdAt }) =>
    tree.snapshots.some((one) => one.name === name && one.createdAt === createdAt),
  );
}

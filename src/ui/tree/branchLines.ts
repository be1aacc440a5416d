// Which row stands under which where only branches indent: a line of snapshots that follow one another stays at one
// level, so that sixty in a row can be read in a narrow view. Pure.
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { isOnActivePath, rootsOf } from '../../domain/snapshotTree.js';

export interface BranchLines {
  /** By name, in the order in which the rows stand under each other's row: the row's own; undefined: the VM's. */
  readonly under: ReadonlyMap<string, string | undefined>;
  /** Of "You are here". */
  readonly hereUnder: string | undefined;
}

interface BranchLine {
  readonly first: Snapshot;
  readonly under: string | undefined;
  /** No other line begins under that row. */
  readonly isAlone: boolean;
}

/**
 * | a snapshot is                                                  | its row stands                          |
 * |----------------------------------------------------------------|-----------------------------------------|
 * | the next one of a line                                         | beside the one before it, after it      |
 * | the first of a branch                                          | under the snapshot that it branches off |
 * | the next one of a line that is not the only one under its row  | under the first one of that line        |
 *
 * The line goes on to "You are here", or else with the oldest child; all other children are branches. "You are here"
 * is the next one after the current snapshot, whose children are all branches then.
 *
 * @param children by parent, in the order in which branches are to stand
 */
export function branchLines(tree: SnapshotTree, children: ReadonlyMap<string, readonly Snapshot[]>): BranchLines {
  const under = new Map<string, string | undefined>();
  let hereUnder: string | undefined;
  const roots = rootsOf(tree);
  const lines: BranchLine[] = roots.map((first) => ({ first, under: undefined, isAlone: roots.length === 1 }));
  // The list grows while it is walked.
  for (const line of lines) {
    let at: Snapshot | undefined = line.first;
    let row = line.under;
    while (at !== undefined) {
      under.set(at.name, row);
      const next: readonly Snapshot[] = children.get(at.name) ?? [];
      const isHere: boolean = at.name === tree.current;
      const opensOwn: boolean = at === line.first && !line.isAlone;
      const goesOn: Snapshot | undefined = isHere || (opensOwn && next.length > 1) ? undefined : mainOf(tree, next);
      row = opensOwn ? at.name : row;
      hereUnder = isHere ? row : hereUnder;
      const branches = next.filter((one) => one !== goesOn);
      // What goes on under the same row would be taken for the rest of the branch.
      const isAlone = branches.length === 1 && !(opensOwn && isHere);
      const { name } = at;
      lines.push(...branches.map((first) => ({ first, under: name, isAlone })));
      at = goesOn;
    }
  }
  return { under, hereUnder };
}

function mainOf(tree: SnapshotTree, next: readonly Snapshot[]): Snapshot | undefined {
  const active = next.find(({ name }) => isOnActivePath(tree, name));
  return (
    active ??
    next.reduce<Snapshot | undefined>((a, b) => (a === undefined || b.createdAt < a.createdAt ? b : a), undefined)
  );
}

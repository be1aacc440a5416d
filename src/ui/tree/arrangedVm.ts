// The rows under one VM, in the order and shape that the view shows: pure, from a snapshot tree, made once for each
// tree and arrangement, so that ten thousand rows cost one pass.
import { type VmView, vmKey } from '../../live/views.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { activePath, parentsOf, sortSnapshots, isOnActivePath, rootsOf } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import type { VmOrder } from './vmOrder.js';
import type { AutomaticNode, HereNode, Node, SnapshotNode } from './nodes.js';

// Which row stands under which where only branches indent: a line of snapshots that follow one another stays at one
// level, so that sixty in a row can be read in a narrow view.

interface BranchLines {
  /** By name, in the order in which the rows stand under each other's row: the row's own; undefined: the VM's. */
  readonly under: ReadonlyMap<string, string | undefined>;
  /** The row above "You are here". */
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
function branchLines(tree: SnapshotTree, children: ReadonlyMap<string, readonly Snapshot[]>): BranchLines {
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

/** Fewer stand among the others. */
const fewest = 6;

/**
 * What a person made keeps its place in the tree, and with it all that it stands on.
 *
 * | a snapshot taken unasked                         | stands       |
 * |--------------------------------------------------|--------------|
 * | the current state, or what it stands on          | in its place |
 * | one below it was asked for                       | in its place |
 * | somebody keeps it, or gave it a title, which took its mark | in its place |
 * | one of fewer than six in the VM                  | in its place |
 * | any other                                        | with the others of its sort, the newest first |
 */
export function automaticRows(tree: SnapshotTree, { auto, kept }: Pick<VmView, 'auto' | 'kept'>): readonly Snapshot[] {
  if (auto === undefined || auto.length < fewest) {
    return [];
  }
  const unasked = new Set(auto);
  const asked = new Set(kept);
  const parents = parentsOf(tree);
  const stays = new Set<string>();
  for (const { name } of tree.snapshots) {
    if (!unasked.has(name) || asked.has(name) || isOnActivePath(tree, name)) {
      for (let at: string | undefined = name; at !== undefined && !stays.has(at); at = parents.get(at)) {
        stays.add(at);
      }
    }
  }
  const rows = tree.snapshots.filter(({ name }) => !stays.has(name));
  return rows.length < fewest ? [] : rows.toSorted((a, b) => b.createdAt - a.createdAt);
}

/** How the rows stand; the same for the whole view. */
export interface Arrangement {
  readonly sort: 'time' | 'name';
  /** `tree`: only branches indent; `nested`: each snapshot under its parent; `list`: all side by side. */
  readonly layout: 'tree' | 'nested' | 'list';
  /** Lower case; empty: all rows. */
  readonly filter: string;
  /** The order of the VMs of a connection; absent: by name. */
  readonly vms?: VmOrder;
}

/** What our records tell of the snapshots. */
type Marks = Pick<VmView, 'auto' | 'kept'>;

export interface ArrangedVm {
  readonly tree: SnapshotTree;
  readonly arrangement: Arrangement;
  /** The filter finds the VM itself. */
  readonly vmMatches: boolean;
  /** The rows right under the VM. */
  readonly top: readonly Node[];
  /** The rows right under a snapshot, by its name; absent: none. */
  readonly below: ReadonlyMap<string, readonly Node[]>;
  /** By name: the rows that are shown. */
  readonly nodes: ReadonlyMap<string, SnapshotNode>;
  readonly here: HereNode;
  /** The row of those that were taken unasked, and what stands under it; absent: they are few. */
  readonly automatic?: { readonly node: AutomaticNode; readonly rows: readonly SnapshotNode[] };
  /** What it was made of beside the tree. */
  readonly marks: Marks;
  /**
   * The filter finds one of its snapshots itself, and not only the VM. In a VM that it finds, which shows them all,
   * only a title counts: no other text of a snapshot is seen in its row.
   */
  readonly hasHits: boolean;
  /** The name of the snapshot whose row stands above a row; undefined: the VM's. */
  parentOf(node: SnapshotNode | HereNode): string | undefined;
  /** Rows that the view opens by itself: all of a small tree, the way to "You are here" in a large one. */
  opensByItself(name: string): boolean;
}

/** Trees up to this many snapshots are shown opened. */
const smallTree = 200;
/** In a large tree, a way to "You are here" up to this long is shown opened. */
const shortWay = 50;

/**
 * Order: in a tree, from old to new, as they came to be, with "You are here" behind the current one where only branches
 * indent, else right under it; in a list, "You are here" and then the new ones first.
 *
 * With a filter a snapshot is shown if its name, title, description or git branch and commit contain the text, or if
 * the VM's own name does (`vmMatches`); in a tree its ancestors are shown too.
 *
 * @param marks where many were taken unasked, those that nothing is built on stand in a row of their own; not with a
 *   filter
 * @param previous an earlier arrangement of the same VM, whose nodes are used again: the editor knows rows by identity
 */
export function arrangeVm(
  ref: VmRef,
  tree: SnapshotTree,
  arrangement: Arrangement,
  vmMatches: boolean,
  marks: Marks = {},
  previous?: ArrangedVm,
): ArrangedVm {
  const { filter } = arrangement;
  const hits = filter === '' ? [] : tree.snapshots.filter((snapshot) => isHit(filter, snapshot));
  const shown = filter === '' || vmMatches ? undefined : shownNames(hits, parentsOf(tree), arrangement);
  const key = vmKey(ref);
  const apart = filter === '' ? automaticRows(tree, marks) : [];
  const lines = shown?.size === 0 ? noLines : linesWithout(apart, tree, arrangement);

  const nodes = new Map<string, SnapshotNode>();
  const top: Node[] = [];
  const below = new Map<string, Node[]>();
  const listUnder = (row: string | undefined): Node[] => {
    if (row === undefined) {
      return top;
    }
    const list = below.get(row) ?? [];
    below.set(row, list);
    return list;
  };

  const here: HereNode = previous?.here ?? { kind: 'here', id: `${key}/here`, ref };
  const way = activePath(tree);
  const current = way.at(-1)?.name;
  const isHereShown = shown === undefined || (current !== undefined && shown.has(current));
  const putHere = (): void => {
    if (isHereShown) {
      listUnder(lines.hereUnder).push(here);
    }
  };
  const afterCurrent = arrangement.layout === 'tree' ? current : undefined;
  if (afterCurrent === undefined) {
    putHere();
  }
  const nodeOf = (name: string): SnapshotNode => {
    const id = `${key}/snapshot/${name}`;
    const node = previous?.nodes.get(name) ?? { kind: 'snapshot', id, ref, snapshot: name };
    nodes.set(name, node);
    return node;
  };
  for (const [name, row] of lines.under) {
    if (shown?.has(name) !== false) {
      listUnder(row).push(nodeOf(name));
    }
    if (name === afterCurrent) {
      putHere();
    }
  }

  const automatic =
    apart.length === 0
      ? undefined
      : {
          node: previous?.automatic?.node ?? { kind: 'automatic' as const, id: `${key}/automatic`, ref },
          rows: apart.map(({ name }) => nodeOf(name)),
        };
  if (automatic !== undefined) {
    top.push(automatic.node);
  }

  const opened = nodes.size <= smallTree ? undefined : shortWayTo(lines);
  return {
    tree,
    arrangement,
    vmMatches,
    top,
    below,
    nodes,
    here,
    marks,
    ...(automatic === undefined ? {} : { automatic }),
    hasHits: vmMatches ? hits.some(({ title }) => matches(filter, title)) : hits.length > 0,
    parentOf: (node) => (node.kind === 'here' ? lines.hereUnder : lines.under.get(node.snapshot)),
    opensByItself: (name) => opened === undefined || opened.has(name),
  };
}

/** Whether a text that a row stands for contains the filter. */
export function matches(filter: string, ...texts: readonly (string | undefined)[]): boolean {
  return filter === '' || texts.some((text) => text?.toLowerCase().includes(filter) === true);
}

function isHit(filter: string, { name, title, description, trailers }: Snapshot): boolean {
  return matches(filter, name, title, description, trailers.git);
}

/** With the rows above them. */
function shownNames(
  hits: readonly Snapshot[],
  parents: ReadonlyMap<string, string>,
  { layout }: Arrangement,
): ReadonlySet<string> {
  const shown = new Set<string>();
  for (const snapshot of hits) {
    let name: string | undefined = snapshot.name;
    while (name !== undefined && !shown.has(name)) {
      shown.add(name);
      name = layout === 'list' ? undefined : parents.get(name);
    }
  }
  return shown;
}

/** The rows of a VM in which a filter finds nothing. */
const noLines: BranchLines = { under: new Map(), hereUnder: undefined };

function inOrder(tree: SnapshotTree, { sort, layout }: Arrangement): readonly Snapshot[] {
  const sorted = sortSnapshots(tree, sort);
  return sort === 'time' && layout === 'list' ? sorted.toReversed() : sorted;
}

/** The rows above "You are here"; none if they are too many to be opened. */
function shortWayTo({ under, hereUnder }: BranchLines): ReadonlySet<string> {
  const way = new Set<string>();
  for (let row = hereUnder; row !== undefined; row = under.get(row)) {
    way.add(row);
  }
  return way.size <= shortWay ? way : new Set();
}

/** What stands apart leaves no gap: it is as if it were not there. */
function linesWithout(apart: readonly Snapshot[], tree: SnapshotTree, arrangement: Arrangement): BranchLines {
  const gone = new Set(apart);
  const rest = gone.size === 0 ? tree : { ...tree, snapshots: tree.snapshots.filter((one) => !gone.has(one)) };
  return linesOf(rest, parentsOf(rest), arrangement);
}

function linesOf(tree: SnapshotTree, parents: ReadonlyMap<string, string>, arrangement: Arrangement): BranchLines {
  const sorted = inOrder(tree, arrangement);
  switch (arrangement.layout) {
    case 'list':
      return { under: new Map(sorted.map(({ name }) => [name, undefined])), hereUnder: undefined };
    case 'nested':
      return {
        under: new Map(sorted.map(({ name }) => [name, parents.get(name)])),
        hereUnder: activePath(tree).at(-1)?.name,
      };
    case 'tree': {
      const children = new Map<string, Snapshot[]>();
      for (const snapshot of sorted) {
        const parent = parents.get(snapshot.name);
        if (parent !== undefined) {
          const list = children.get(parent) ?? [];
          children.set(parent, list);
          list.push(snapshot);
        }
      }
      return branchLines(tree, children);
    }
  }
}

// The rows under one VM, in the order and shape that the view shows: pure, from a snapshot tree, made once for each
// tree and arrangement, so that ten thousand rows cost one pass. Knows nothing of the editor.
import { vmKey } from '../../inventory/views.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { activePath, parentsOf, sortSnapshots } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import type { HereNode, Node, SnapshotNode } from './nodes.js';

/** How the rows stand; the same for the whole view. */
export interface Arrangement {
  readonly sort: 'time' | 'name';
  readonly layout: 'tree' | 'list';
  /** Lower case; empty: all rows. */
  readonly filter: string;
}

export interface ArrangedVm {
  readonly tree: SnapshotTree;
  readonly arrangement: Arrangement;
  /** The rows right under the VM. */
  readonly top: readonly Node[];
  /** The rows right under a snapshot, by its name; absent: none. */
  readonly below: ReadonlyMap<string, readonly Node[]>;
  /** By name: the rows that are shown. */
  readonly nodes: ReadonlyMap<string, SnapshotNode>;
  readonly here: HereNode;
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
 * Order: "You are here" first. In a tree, siblings go from old to new, as they came to be; in a list, new ones first.
 *
 * With a filter a snapshot is shown if its name, title or description contains the text, or if the VM's own name does
 * (`vmMatches`); in a tree its ancestors are shown too.
 *
 * @param previous an earlier arrangement of the same VM, whose nodes are used again: the editor knows rows by identity
 */
export function arrangeVm(
  ref: VmRef,
  tree: SnapshotTree,
  arrangement: Arrangement,
  vmMatches: boolean,
  previous?: ArrangedVm,
): ArrangedVm {
  const parents = parentsOf(tree);
  const asTree = arrangement.layout === 'tree';
  const shown = shownNames(tree, parents, arrangement, vmMatches);
  const key = vmKey(ref);

  const nodes = new Map<string, SnapshotNode>();
  const top: Node[] = [];
  const below = new Map<string, Node[]>();
  const listUnder = (parent: string | undefined): Node[] => {
    if (parent === undefined) {
      return top;
    }
    const list = below.get(parent) ?? [];
    below.set(parent, list);
    return list;
  };

  const here: HereNode = previous?.here ?? { kind: 'here', id: `${key}/here`, ref };
  const way = activePath(tree);
  const current = way.at(-1)?.name;
  const hereParent = asTree ? current : undefined;
  if (arrangement.filter === '' || vmMatches || (current !== undefined && shown.has(current))) {
    listUnder(hereParent).push(here);
  }
  for (const { name } of inOrder(tree, arrangement)) {
    if (shown.has(name) && !nodes.has(name)) {
      const node = previous?.nodes.get(name) ?? {
        kind: 'snapshot',
        id: `${key}/snapshot/${name}`,
        ref,
        snapshot: name,
      };
      nodes.set(name, node);
      listUnder(asTree ? parents.get(name) : undefined).push(node);
    }
  }

  const opened = tree.snapshots.length <= smallTree ? undefined : namesOfShort(way);
  return {
    tree,
    arrangement,
    top,
    below,
    nodes,
    here,
    parentOf: (node) => (node.kind === 'here' ? hereParent : asTree ? parents.get(node.snapshot) : undefined),
    opensByItself: (name) => opened === undefined || opened.has(name),
  };
}

/** Whether a text that a row stands for contains the filter. */
export function matches(filter: string, ...texts: readonly (string | undefined)[]): boolean {
  return filter === '' || texts.some((text) => text?.toLowerCase().includes(filter) === true);
}

function shownNames(
  tree: SnapshotTree,
  parents: ReadonlyMap<string, string>,
  { filter, layout }: Arrangement,
  vmMatches: boolean,
): { has(name: string): boolean } {
  if (filter === '' || vmMatches) {
    return { has: () => true };
  }
  const shown = new Set<string>();
  for (const snapshot of tree.snapshots) {
    if (matches(filter, snapshot.name, snapshot.title, snapshot.description)) {
      let name: string | undefined = snapshot.name;
      while (name !== undefined && !shown.has(name)) {
        shown.add(name);
        name = layout === 'tree' ? parents.get(name) : undefined;
      }
    }
  }
  return shown;
}

function inOrder(tree: SnapshotTree, { sort, layout }: Arrangement): readonly Snapshot[] {
  const sorted = sortSnapshots(tree, sort);
  return sort === 'time' && layout === 'list' ? sorted.toReversed() : sorted;
}

function namesOfShort(way: readonly Snapshot[]): ReadonlySet<string> {
  return new Set(way.length <= shortWay ? way.map((snapshot) => snapshot.name) : []);
}

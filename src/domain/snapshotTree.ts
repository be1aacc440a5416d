// Questions to the tree of a VM's snapshots. Each tree is indexed once, in O(n) and without recursion: other clients
// make chains of thousands, and hostile metadata makes parents that are missing or go round in a circle.
import type { Snapshot, SnapshotTree } from './snapshot.js';

interface TreeIndex {
  readonly byName: ReadonlyMap<string, Snapshot>;
  /** Only parents that exist, and no circle. */
  readonly parents: ReadonlyMap<string, string>;
  readonly children: ReadonlyMap<string, readonly Snapshot[]>;
  readonly roots: readonly Snapshot[];
  /** Number of ancestors. */
  readonly depths: ReadonlyMap<string, number>;
  /** From the root to the current snapshot. */
  readonly activePath: readonly Snapshot[];
  readonly active: ReadonlySet<string>;
  readonly style: TreeStyle;
}

type TreeStyle = 'internal' | 'external' | 'mixed' | 'none';

const indexes = new WeakMap<SnapshotTree, TreeIndex>();

export function findSnapshot(tree: SnapshotTree, name: string): Snapshot | undefined {
  return index(tree).byName.get(name);
}

/**
 * What lies in the trash is not there for any rule, and counts in no number: it goes when its time there is over, or by
 * a person's hand.
 * @param trash names
 */
export function outsideTrash({ snapshots }: SnapshotTree, trash: readonly string[]): readonly Snapshot[] {
  return trash.length === 0 ? snapshots : snapshots.filter(({ name }) => !trash.includes(name));
}

export function currentOf(tree: SnapshotTree): Snapshot | undefined {
  return tree.current === undefined ? undefined : findSnapshot(tree, tree.current);
}

/** Child → parent, by name. A missing parent and the cut of a circle are left out. */
export function parentsOf(tree: SnapshotTree): ReadonlyMap<string, string> {
  return index(tree).parents;
}

export function parentOf(tree: SnapshotTree, name: string): Snapshot | undefined {
  const parent = index(tree).parents.get(name);
  return parent === undefined ? undefined : findSnapshot(tree, parent);
}

/** In the order of the tree's list. */
export function childrenOf(tree: SnapshotTree, name: string): readonly Snapshot[] {
  return index(tree).children.get(name) ?? [];
}

/** Those without a parent, whose parent is missing, and the first member of each circle. */
export function rootsOf(tree: SnapshotTree): readonly Snapshot[] {
  return index(tree).roots;
}

/** Without the snapshot itself; parents before their children. */
export function descendantsOf(tree: SnapshotTree, name: string): readonly Snapshot[] {
  const { children } = index(tree);
  const found = [...(children.get(name) ?? [])];
  // The list grows while it is walked.
  for (const { name: parent } of found) {
    for (const child of children.get(parent) ?? []) {
      found.push(child);
    }
  }
  return found;
}

/** The snapshot and its descendants, every child before its parent; the snapshot itself is the last. */
export function leafFirst(tree: SnapshotTree, name: string): readonly Snapshot[] {
  const top = findSnapshot(tree, name);
  return top === undefined ? [] : [top, ...descendantsOf(tree, name)].reverse();
}

/** A snapshot is no ancestor of itself. */
export function isAncestor(tree: SnapshotTree, ancestor: string, name: string): boolean {
  const { parents } = index(tree);
  for (let at = parents.get(name); at !== undefined; at = parents.get(at)) {
    if (at === ancestor) {
      return true;
    }
  }
  return false;
}

/** From the root to the snapshot, both included; empty if there is no such snapshot. */
export function pathTo(tree: SnapshotTree, name: string): readonly Snapshot[] {
  const { byName, parents } = index(tree);
  return pathIn(byName, parents, name);
}

/** The snapshots that the VM's present state builds on: from the root to the current one. */
export function activePath(tree: SnapshotTree): readonly Snapshot[] {
  return index(tree).activePath;
}

export function isOnActivePath(tree: SnapshotTree, name: string): boolean {
  return index(tree).active.has(name);
}

export function styleOfVm(tree: SnapshotTree): TreeStyle {
  return index(tree).style;
}

/** Oldest first, and by the parent links within a second; or by what people read, numbers by their value. */
export function sortSnapshots(tree: SnapshotTree, by: 'time' | 'name'): readonly Snapshot[] {
  const { depths } = index(tree);
  const depth = (snapshot: Snapshot): number => depths.get(snapshot.name) ?? 0;
  const { compare } = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const byTime = (a: Snapshot, b: Snapshot): number => a.createdAt - b.createdAt || depth(a) - depth(b);
  const byName = (a: Snapshot, b: Snapshot): number => compare(a.title, b.title);
  return tree.snapshots.toSorted(
    by === 'time' ? (a, b) => byTime(a, b) || byName(a, b) : (a, b) => byName(a, b) || byTime(a, b),
  );
}

function index(tree: SnapshotTree): TreeIndex {
  const known = indexes.get(tree);
  if (known !== undefined) {
    return known;
  }
  const made = makeIndex(tree);
  indexes.set(tree, made);
  return made;
}

function makeIndex(tree: SnapshotTree): TreeIndex {
  const byName = new Map<string, Snapshot>();
  for (const snapshot of tree.snapshots) {
    if (!byName.has(snapshot.name)) {
      byName.set(snapshot.name, snapshot);
    }
  }
  const parents = cutCircles(byName);
  const children = new Map<string, Snapshot[]>();
  const roots: Snapshot[] = [];
  for (const snapshot of byName.values()) {
    const parent = parents.get(snapshot.name);
    const siblings = parent === undefined ? roots : (children.get(parent) ?? []);
    siblings.push(snapshot);
    if (parent !== undefined) {
      children.set(parent, siblings);
    }
  }
  const activePathOfTree = tree.current === undefined ? [] : pathIn(byName, parents, tree.current);
  return {
    byName,
    parents,
    children,
    roots,
    depths: measureDepths(roots, children),
    activePath: activePathOfTree,
    active: new Set(activePathOfTree.map((snapshot) => snapshot.name)),
    style: styleOfAll(tree.snapshots),
  };
}

/** Every name is walked over once: a walk ends where an earlier one, or the root, is met. */
function cutCircles(byName: ReadonlyMap<string, Snapshot>): ReadonlyMap<string, string> {
  const parents = new Map<string, string>();
  for (const { name, parent } of byName.values()) {
    if (parent !== undefined && byName.has(parent)) {
      parents.set(name, parent);
    }
  }
  const positions = new Map([...byName.keys()].map((name, position) => [name, position]));
  const settled = new Set<string>();
  for (const start of byName.keys()) {
    const walk = new Set<string>();
    let at: string | undefined = start;
    while (at !== undefined && !settled.has(at) && !walk.has(at)) {
      walk.add(at);
      at = parents.get(at);
    }
    if (at !== undefined && walk.has(at)) {
      const names = [...walk];
      const circle = names.slice(names.indexOf(at));
      const position = (name: string): number => positions.get(name) ?? 0;
      parents.delete(circle.reduce((first, name) => (position(name) < position(first) ? name : first)));
    }
    for (const name of walk) {
      settled.add(name);
    }
  }
  return parents;
}

function measureDepths(
  roots: readonly Snapshot[],
  children: ReadonlyMap<string, readonly Snapshot[]>,
): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  let level: readonly Snapshot[] = roots;
  for (let depth = 0; level.length > 0; depth++) {
    const next: Snapshot[] = [];
    for (const { name } of level) {
      depths.set(name, depth);
      for (const child of children.get(name) ?? []) {
        next.push(child);
      }
    }
    level = next;
  }
  return depths;
}

function pathIn(
  byName: ReadonlyMap<string, Snapshot>,
  parents: ReadonlyMap<string, string>,
  name: string,
): readonly Snapshot[] {
  const path: Snapshot[] = [];
  for (let at = byName.get(name); at !== undefined; at = byName.get(parents.get(at.name) ?? '')) {
    path.push(at);
  }
  return path.reverse();
}

function styleOfAll(snapshots: readonly Snapshot[]): TreeStyle {
  const styles = new Set(snapshots.map((snapshot) => snapshot.style));
  const [only] = styles;
  return only === undefined ? 'none' : styles.size > 1 ? 'mixed' : only;
}

/**
 * Orders these snapshots children first, and leaves out those that a snapshot which stays is based on.
 * @param going names of those that go anyway
 */
export function leavesFirst<T extends { readonly name: string }>(
  tree: SnapshotTree,
  candidates: readonly T[],
  going: readonly string[] = [],
): readonly T[] {
  const gone = new Set(going);
  const found: T[] = [];
  let left = candidates;
  for (let before = -1; before !== found.length;) {
    before = found.length;
    const free = left.filter(({ name }) => childrenOf(tree, name).every((child) => gone.has(child.name)));
    found.push(...free);
    free.forEach(({ name }) => gone.add(name));
    left = left.filter((one) => !free.includes(one));
  }
  return found;
}

// Under which snapshot each snapshot's row stands. Every tree that a libvirt can send ends up as a proper one, so that
// no row is lost and none is its own ancestor.
import type { SnapshotTree } from '../model/snapshot.js';

/**
 * Parent's name by name; a root has none. A parent that is missing makes its child a root, and a cycle is cut at that
 * of its members which comes first in the list.
 */
export function shownParents(tree: SnapshotTree): ReadonlyMap<string, string> {
  const names = new Set(tree.snapshots.map((snapshot) => snapshot.name));
  const parents = new Map<string, string>();
  for (const { name, parent } of tree.snapshots) {
    if (parent !== undefined && names.has(parent)) {
      parents.set(name, parent);
    }
  }
  /** Names from which the way up is known to end at a root. */
  const sound = new Set<string>();
  for (const { name } of tree.snapshots) {
    const way = new Set<string>();
    let step: string | undefined = name;
    while (step !== undefined && !sound.has(step) && !way.has(step)) {
      way.add(step);
      step = parents.get(step);
    }
    if (step !== undefined && way.has(step)) {
      parents.delete(firstOfCycle(step, parents, tree));
    }
    way.forEach((one) => sound.add(one));
  }
  return parents;
}

function firstOfCycle(member: string, parents: ReadonlyMap<string, string>, tree: SnapshotTree): string {
  const cycle = new Set<string>();
  for (let step: string | undefined = member; step !== undefined && !cycle.has(step); step = parents.get(step)) {
    cycle.add(step);
  }
  return tree.snapshots.find((snapshot) => cycle.has(snapshot.name))?.name ?? member;
}

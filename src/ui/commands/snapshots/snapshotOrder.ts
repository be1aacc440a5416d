// In which order several snapshots are deleted.
import type { VmView } from '../../../live/views.js';
import type { Snapshot } from '../../../domain/snapshot.js';

interface Target {
  readonly view: Pick<VmView, 'tree'>;
  readonly snapshot: Snapshot;
}

/** The deepest first, so that nothing is merged into what goes next. */
export function inDeleteOrder<T extends Target>(targets: readonly T[]): readonly T[] {
  return targets
    .map((target) => ({ target, depth: ancestors(target).length }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ target }) => target);
}

/** Names from the parent up to the root; ends at a parent that is missing or that was met before. */
function ancestors({ view, snapshot }: Target): readonly string[] {
  const parentOf = new Map(view.tree?.snapshots.map(({ name, parent }) => [name, parent]));
  const names = new Set<string>();
  for (let name = snapshot.parent; name !== undefined && !names.has(name); name = parentOf.get(name)) {
    names.add(name);
  }
  return [...names];
}

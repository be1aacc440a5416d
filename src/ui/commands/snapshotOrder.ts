// In which order several snapshots are deleted. Knows nothing of the editor.
import { vmKey, type VmView } from '../../live/views.js';
import type { DeleteScope } from '../../domain/operation.js';
import type { Snapshot } from '../../domain/snapshot.js';

interface Target {
  readonly view: Pick<VmView, 'ref' | 'tree'>;
  readonly snapshot: Snapshot;
}

/**
 * | scope           | order                                                             |
 * |-----------------|-------------------------------------------------------------------|
 * | one             | the deepest first, so that nothing is merged into what goes next    |
 * | withDescendants | as they came, without those that go with an ancestor in the list    |
 */
export function inDeleteOrder<T extends Target>(targets: readonly T[], scope: DeleteScope): readonly T[] {
  if (scope === 'one') {
    return targets
      .map((target) => ({ target, depth: ancestors(target).length }))
      .sort((a, b) => b.depth - a.depth)
      .map(({ target }) => target);
  }
  const chosen = new Set(targets.map((target) => key(target, target.snapshot.name)));
  return targets.filter((target) => !ancestors(target).some((name) => chosen.has(key(target, name))));
}

function key({ view }: Target, snapshot: string): string {
  return `${vmKey(view.ref)}#${snapshot}`;
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

// Which row a person expects to have when those that were acted on are gone. Pure; knows nothing of the editor.
import type { ArrangedVm } from './arrangedVm.js';
import type { HereNode, SnapshotNode } from './nodes.js';

/**
 * The best first: the next one at the level of the first that goes, the one before it, then the rows above it.
 *
 * @param gone names of snapshots, in any order
 */
export function rowsAfter(
  { top, below, nodes, automatic, parentOf }: Pick<ArrangedVm, 'top' | 'below' | 'nodes' | 'automatic' | 'parentOf'>,
  gone: ReadonlySet<string>,
): readonly (SnapshotNode | HereNode)[] {
  const first = [...nodes.values()].find(({ snapshot }) => gone.has(snapshot));
  const found: (SnapshotNode | HereNode)[] = [];
  for (let row = first; row !== undefined; row = nodes.get(parentOf(row) ?? '')) {
    const above = parentOf(row);
    const beside = automatic?.rows.some((one) => one === row) === true ? automatic.rows : undefined;
    const level = (beside ?? (above === undefined ? top : below.get(above)) ?? []).filter(
      (one): one is SnapshotNode | HereNode => one.kind === 'snapshot' || one.kind === 'here',
    );
    const at = level.indexOf(row);
    const near = row === first ? [...level.slice(at + 1), ...level.slice(0, at).toReversed()] : [row];
    found.push(...near.filter((one) => one.kind === 'here' || !gone.has(one.snapshot)));
  }
  return found;
}

// What is known of a snapshot beside its tree: its size, what was put on it, what is wrong with it. Pure; knows no row.
import { snapshotOf } from '../../diagnosis/problemTable.js';
import type { SnapshotSize } from '../../domain/layers.js';
import type { VmView } from '../../live/views.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { bisectedAs, marksOn } from '../../text/rows/marksOn.js';
import type { RowContext, SnapshotPlace } from '../../text/rows/rows.js';
import { sizeIn } from '../../text/rows/sizeText.js';
import type { SnapshotNode } from './nodes.js';

export type SnapshotMarks = ReturnType<typeof marksOn> & Pick<SnapshotPlace, 'found' | 'bisected'>;

export function markedAs(
  view: VmView | undefined,
  { ref, snapshot }: SnapshotNode,
  { health, bisect }: RowContext,
): SnapshotMarks {
  const found = (health?.(ref) ?? []).filter((problem) => snapshotOf(problem) === snapshot);
  return {
    ...marksOn(view, snapshot),
    ...bisectedAs(bisect?.(ref), view?.tree && findSnapshot(view.tree, snapshot)),
    ...(found.length === 0 ? {} : { found }),
  };
}

export function sizeOf(view: VmView | undefined, { snapshot }: SnapshotNode): SnapshotSize | undefined {
  return sizeIn(view?.layers, snapshot);
}

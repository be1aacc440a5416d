// Which snapshots stand together in a row of their own because nobody asked for them. Pure; knows no row.
import { automaticTitles } from '../../domain/automaticTitles.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { isOnActivePath, parentsOf } from '../../domain/snapshotTree.js';
import type { VmView } from '../../live/views.js';

/** Fewer stand among the others. */
const fewest = 6;

/**
 * What a person made keeps its place in the tree, and with it all that it stands on.
 *
 * | a snapshot taken unasked                         | stands       |
 * |--------------------------------------------------|--------------|
 * | the present state, or what it stands on          | in its place |
 * | one below it was asked for                       | in its place |
 * | somebody keeps it, or gave it a title            | in its place |
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
  for (const { name, title } of tree.snapshots) {
    const isOurs = unasked.has(name) && !asked.has(name) && hasOurTitle(title);
    if (!isOurs || isOnActivePath(tree, name)) {
      for (let at: string | undefined = name; at !== undefined && !stays.has(at); at = parents.get(at)) {
        stays.add(at);
      }
    }
  }
  const rows = tree.snapshots.filter(({ name }) => !stays.has(name));
  return rows.length < fewest ? [] : rows.toSorted((a, b) => b.createdAt - a.createdAt);
}

function hasOurTitle(title: string): boolean {
  return Object.values(automaticTitles).some((start) => title.startsWith(start));
}

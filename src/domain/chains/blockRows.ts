// Which rows the picture of a disk's blocks has, and what has to be asked of which image for each: a row for each layer
// and for each snapshot inside one. Pure; reads no image.
import type { BlockRow } from '../blockMap.js';
import type { AskedState } from '../imageContents.js';
import type { DiskChain, VmLayers } from '../layers.js';
import type { Snapshot, SnapshotTree } from '../snapshot.js';
import { pathTo, sortSnapshots } from '../snapshotTree.js';

export interface PlannedRow extends Omit<BlockRow, 'extents'> {
  readonly state: AskedState;
  readonly format: string;
  /** How far from the top of what the VM reads now; absent for what it does not read. */
  readonly depth?: number;
}

/**
 * The base first, the current state last. A snapshot inside an image is a row of what differs from the one before it,
 * and the image's own row of what differs from the last: as overlays are.
 */
export function plannedRows(chain: DiskChain, layers: VmLayers, tree: SnapshotTree): readonly PlannedRow[] {
  const present = chain.layers.map(({ file }) => file);
  const rows: PlannedRow[] = [];
  for (const [index, layer] of chain.layers.toReversed().entries()) {
    const isTop = index === chain.layers.length - 1;
    const kind = isTop ? 'present' : index === 0 ? 'base' : 'overlay';
    rows.push(...rowsOf(chain.target, layer, kind, tree));
  }
  const others = (layers.branches ?? []).filter(({ target }) => target === chain.target);
  const seen = new Set(present);
  const branches = others.flatMap((branch) =>
    branch.layers.toReversed().flatMap((layer) => {
      const isNew = !seen.has(layer.file);
      seen.add(layer.file);
      // What a revert removed is still named by the snapshot that it was made for.
      const isGone = layer.seen === 'missing' && layer.snapshots.length === 0;
      return isNew && !isGone ? rowsOf(chain.target, layer, 'overlay', tree) : [];
    }),
  );
  const top = rows.findIndex(({ kind }) => kind === 'present');
  const ordered = [...rows.slice(0, top), ...branches, ...rows.slice(top)];
  return withDepths(ordered, present);
}

function rowsOf(
  target: string,
  { file, format = 'qcow2', snapshots, allocatedBytes }: DiskChain['layers'][number],
  kind: 'base' | 'overlay' | 'present',
  tree: SnapshotTree,
): readonly PlannedRow[] {
  const there = sortSnapshots(tree, 'time').filter(({ name }) => snapshots.includes(name));
  const inside = there.filter(({ disks }) => disks.some((d) => d.target === target && d.location === 'internal'));
  const frozen = there.filter((snapshot) => !inside.includes(snapshot));
  const tags = new Set(inside.map(({ name }) => name));
  const before = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : lastOf(pathTo(tree, name), tags);
  /** What differs from the state that it came after. */
  const since = (tag: string | undefined, after: string | undefined): Pick<PlannedRow, 'state' | 'after'> => ({
    state: { ...(tag === undefined ? {} : { tag }), ...(after === undefined ? {} : { after }) },
    ...(after === undefined ? {} : { after: idInside(file, after) }),
  });
  const own = kind === 'present' ? tree.current : frozen[0]?.name;
  return [
    ...inside.map(({ name, parent }): PlannedRow => ({
      id: idInside(file, name),
      kind: 'internalSnapshot',
      file,
      format,
      snapshot: name,
      ...since(name, before(parent)),
    })),
    {
      id: file,
      kind,
      file,
      format,
      ...(frozen[0] === undefined ? {} : { snapshot: frozen[0].name }),
      ...(allocatedBytes === 'unknown' ? {} : { allocatedBytes }),
      ...since(undefined, before(own)),
    },
  ];
}

function idInside(file: string, tag: string): string {
  return `${file}#${tag}`;
}

/** The last on a path from a root that is among these. */
function lastOf(path: readonly Snapshot[], tags: ReadonlySet<string>): string | undefined {
  return path.findLast(({ name }) => tags.has(name))?.name;
}

/** What the VM reads: each file's own row, then the snapshots inside that it came after, then what lies below. */
function withDepths(rows: readonly PlannedRow[], present: readonly string[]): readonly PlannedRow[] {
  const depths = new Map<string, number>();
  for (const file of present) {
    let row = rows.find(({ id }) => id === file);
    while (row !== undefined && !depths.has(row.id)) {
      depths.set(row.id, depths.size);
      const { after } = row;
      row = after === undefined ? undefined : rows.find(({ id }) => id === after);
    }
  }
  return rows.map((row) => {
    const depth = depths.get(row.id);
    return depth === undefined ? row : { ...row, depth };
  });
}

// What a plan would do to the snapshots and layers that a picture shows: a reading of the plan, never a guess of its
// own.
import type { BlockMap, BlockRow, Extent } from '../domain/blockMap.js';
import { type ByteRange, uniteRanges, subtractRanges } from '../domain/extents.js';
import type { CommittedDisk } from '../steps/step.js';
import type { Loss, Warning } from '../domain/consequences.js';
import type { Plan } from './plan.js';

/**
 * `dropped`: gone for good; `moved`: its data go on living in another; `receives`: takes them; `read`: what the VM
 * reads afterwards; `kept`: stays, although one might think otherwise.
 */
export type LayerFate = 'dropped' | 'moved' | 'receives' | 'read' | 'kept';

interface NodeFate {
  /** Name of the snapshot; empty: the current state. */
  readonly snapshot: string;
  readonly fate: LayerFate;
}

export interface RowFate {
  /** Id of the row. */
  readonly row: string;
  readonly fate: LayerFate;
  /** Id of the row that takes it. */
  readonly into?: string;
  /** Id of a snapshot inside the same image, which goes, and whose blocks it goes on reading. */
  readonly from?: string;
  /** Which of its bytes; absent: all. */
  readonly extents?: readonly ByteRange[];
}

/**
 * | the plan says                      | snapshot or present  | fate     |
 * |------------------------------------|----------------------|----------|
 * | a way back is lost                 | those snapshots      | dropped  |
 * | it reverts                         | the one it goes to   | read     |
 * | it reverts, and changes or RAM are lost | the current state | dropped  |
 * | it reverts, with a checkpoint      | the current state    | kept     |
 */
export function nodeFates({ request, losses, snapshot, checkpoint }: Plan): readonly NodeFate[] {
  const fates: NodeFate[] = [...lostNames(losses)].map((name) => ({ snapshot: name, fate: 'dropped' }));
  if (request.kind === 'revert') {
    fates.push({ snapshot: snapshot ?? request.snapshot, fate: 'read' });
    if (checkpoint !== undefined) {
      fates.push({ snapshot: '', fate: 'kept' });
    } else if (losses.some(({ kind: what }) => what === 'diskChanges' || what === 'ram' || what === 'managedSave')) {
      fates.push({ snapshot: '', fate: 'dropped' });
    }
  }
  return fates;
}

/**
 * The first row of the table that fits a layer counts.
 *
 * | the plan says                                  | layer                                           | fate     |
 * |------------------------------------------------|-------------------------------------------------|----------|
 * | it merges                                      | right above one whose snapshot goes             | moved    |
 * | it merges                                      | the lowest of those that are merged into        | receives |
 * | it commits layers of this disk                 | those, and the one that takes them              | moved, receives |
 * | files are lost                                 | those files                                     | dropped  |
 * | it reverts                                     | what the snapshot ends with                     | read     |
 * | it reverts, what was written to this disk is lost | the current state, where the VM reads it     | dropped  |
 * | it reverts, with a checkpoint                  | the current state                               | kept     |
 * | a way back is lost                             | that snapshot inside an image, where no state that stays reads it | dropped |
 * | a way back is lost                             | a state that reads what that snapshot holds     | receives |
 *
 * @param map of one disk
 */
export function rowFates(plan: Plan, map: BlockMap): readonly RowFate[] {
  const fates = new Map<string, RowFate>();
  const add = (fate: RowFate): void => {
    if (!fates.has(fate.row)) {
      fates.set(fate.row, fate);
    }
  };
  const going = lostNames(plan.losses);
  fatesOfMerge(plan, map, going).forEach(add);
  fatesOfCommit(plan, map).forEach(add);
  const lost = new Set(plan.losses.flatMap((loss) => (loss.kind === 'files' ? loss.files : [])));
  map.rows
    .filter(({ file, kind }) => lost.has(file) && kind !== 'internalSnapshot')
    .forEach(({ id }) => add({ row: id, fate: 'dropped' }));
  if (plan.request.kind === 'revert') {
    fatesOfRevert(plan, map).forEach(add);
  }
  insideImages(map, going).forEach(add);
  return [...fates.values()];
}

function lostNames(losses: readonly Loss[]): ReadonlySet<string> {
  return new Set(losses.flatMap((loss) => (loss.kind === 'restorePoints' ? loss.names : [])));
}

/** A layer that several are merged into takes the bytes of all of them. */
function fatesOfMerge({ warnings }: Plan, { rows }: BlockMap, going: ReadonlySet<string>): readonly RowFate[] {
  if (!warnings.some((warning: Warning) => warning.kind === 'merges')) {
    return [];
  }
  const files = rows.filter(({ kind }) => kind !== 'internalSnapshot');
  const fates: RowFate[] = [];
  let into: BlockRow | undefined;
  let taken: ByteRange[] = [];
  const settle = (): void => {
    if (into !== undefined) {
      fates.push({ row: into.id, fate: 'receives', extents: uniteRanges(taken) });
    }
    into = undefined;
    taken = [];
  };
  files.forEach((row, index) => {
    const above = files[index + 1];
    if (row.snapshot === undefined || !going.has(row.snapshot) || above === undefined) {
      settle();
      return;
    }
    into ??= row;
    fates.push({ row: above.id, fate: 'moved', into: into.id });
    taken.push(...readableExtents(above));
  });
  settle();
  return fates;
}

/**
 * A state reads what it has not of its own from the one that it came after. Where that one goes, nobody else may read a
 * block: it is free then. Otherwise the states above have it as their own from then on.
 */
function insideImages({ rows }: BlockMap, going: ReadonlySet<string>): readonly RowFate[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const isGoing = ({ kind, snapshot }: BlockRow): boolean =>
    kind === 'internalSnapshot' && snapshot !== undefined && going.has(snapshot);
  const stillRead = new Map(rows.filter(isGoing).map(({ id }) => [id, [] as ByteRange[]]));
  const heirs: RowFate[] = [];
  for (const row of rows.filter((one) => !isGoing(one) && stillRead.has(one.after ?? ''))) {
    const taken: ByteRange[] = [];
    let covered: readonly ByteRange[] = readableExtents(row);
    for (let below = byId.get(row.after ?? ''); below !== undefined && isGoing(below);) {
      const seen = subtractRanges(readableExtents(below), covered);
      stillRead.get(below.id)?.push(...seen);
      taken.push(...seen);
      covered = uniteRanges([...covered, ...readableExtents(below)]);
      below = byId.get(below.after ?? '');
    }
    if (taken.length > 0 && row.after !== undefined) {
      heirs.push({ row: row.id, fate: 'receives', from: row.after, extents: uniteRanges(taken) });
    }
  }
  const gone = rows.filter(isGoing).map((row): RowFate => {
    const extents = subtractRanges(readableExtents(row), uniteRanges(stillRead.get(row.id) ?? []));
    return { row: row.id, fate: 'dropped', extents };
  });
  return [...gone, ...heirs];
}

function readableExtents({ extents }: BlockRow): readonly Extent[] {
  return extents === 'unreadable' ? [] : extents;
}

function fatesOfCommit({ steps }: Plan, { rows, target }: BlockMap): readonly RowFate[] {
  const disks = steps.flatMap((step): readonly CommittedDisk[] =>
    step.kind === 'blockCommit' ? [step] : step.kind === 'commitImages' ? step.disks : [],
  );
  const disk = disks.find((one) => one.target === target);
  const base = rows.find(({ file }) => file === disk?.base);
  if (disk === undefined || base === undefined) {
    return [];
  }
  const moving = rows.filter(({ file }) => disk.merged.includes(file));
  const taken = moving.flatMap(readableExtents);
  return [
    ...moving.map(({ id }): RowFate => ({ row: id, fate: 'moved', into: base.id })),
    { row: base.id, fate: 'receives', extents: uniteRanges(taken) },
  ];
}

function fatesOfRevert({ losses, snapshot, checkpoint }: Plan, map: BlockMap): readonly RowFate[] {
  const { rows, reads, target } = map;
  const fates: RowFate[] = rows.filter((row) => row.snapshot === snapshot).map(({ id }) => ({ row: id, fate: 'read' }));
  const present = rows.findIndex(({ kind }) => kind === 'present');
  const row = rows[present];
  const changes = losses.find((loss) => loss.kind === 'diskChanges');
  if (row !== undefined && checkpoint !== undefined) {
    fates.push({ row: row.id, fate: 'kept' });
  } else if (row !== undefined && (changes?.disks?.some((disk) => disk.target === target) ?? changes !== undefined)) {
    const own = reads.filter((read) => read.row === present).map(({ start, length }) => ({ start, length }));
    fates.push({ row: row.id, fate: 'dropped', ...(row.extents === 'unreadable' ? {} : { extents: own }) });
  }
  return fates;
}

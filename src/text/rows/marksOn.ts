// What our own marks, a bisect and libvirt’s job say of a snapshot, for its row. Pure.
import type { VmView } from '../../live/views.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { BisectRowMarks, SnapshotPlace } from './rows.js';

export function marksOn(
  view: VmView | undefined,
  snapshot: string,
): Pick<SnapshotPlace, 'automatic' | 'kept' | 'keptUntil' | 'favourite' | 'trashedUntil' | 'isBeingWritten'> {
  const dated = view?.keptUntil?.find(({ name }) => name === snapshot);
  const thrown = view?.trash?.find(({ name }) => name === snapshot);
  return {
    automatic: view?.auto?.includes(snapshot) === true,
    kept: view?.kept?.includes(snapshot) === true,
    ...(dated && { keptUntil: dated.until }),
    favourite: view?.favourite === snapshot,
    ...(thrown && { trashedUntil: thrown.until }),
    ...(view?.tree?.beingWritten === snapshot ? { isBeingWritten: true } : {}),
  };
}

/** Nothing of one that was replaced since. */
export function bisectedAs(
  seen: BisectRowMarks | undefined,
  snapshot: Pick<Snapshot, 'name' | 'createdAt'> | undefined,
): Pick<SnapshotPlace, 'bisected'> {
  const found =
    snapshot && seen?.marks.find(({ name, createdAt }) => name === snapshot.name && createdAt === snapshot.createdAt);
  return found === undefined ? {} : { bisected: found.mark };
}

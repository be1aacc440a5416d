// What our own marks say of a snapshot, for its row. Pure.
import type { VmView } from '../inventory/views.js';
import type { SnapshotPlace } from './rows.js';

export function marksOn(
  view: VmView | undefined,
  snapshot: string,
): Pick<SnapshotPlace, 'automatic' | 'kept' | 'favourite' | 'trashedUntil'> {
  const thrown = view?.trash?.find(({ name }) => name === snapshot);
  return {
    automatic: view?.auto?.includes(snapshot) === true,
    kept: view?.kept?.includes(snapshot) === true,
    favourite: view?.favourite === snapshot,
    ...(thrown && { trashedUntil: thrown.until }),
  };
}

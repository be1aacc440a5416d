// The part of a live move for which libvirt may know no snapshots of the VM at its own host.
import type { MigrationWish } from '../../../driver/migrationHost.js';
import { leadMove } from '../live/leadMove.js';
import type { OpenMove } from './moveStore.js';
import { type Sides, withEnds } from './sides.js';

/** Milliseconds that a guest may stand still which writes faster than its RAM can be sent. */
const mostStopMs = 2_000;

/**
 * An error says nothing of where the guest is: `endMove` finds out.
 *
 * @returns milliseconds that it stood still, where they were counted
 */
export function moveGuest(
  open: OpenMove,
  sides: Sides,
  live: MigrationWish,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
): Promise<number | undefined> {
  const { vm, documents } = open.record;
  return withEnds(sides, async (ends) => {
    await open.put({ phase: 'moving' });
    await sides.from.ask((copies) => copies.forgetSnapshots(vm.uuid, documents));
    const run = { signal, mostStopMs, onProgress: ({ fraction = 0 }) => onProgress(fraction) };
    return leadMove(ends, vm, live, run);
  });
}

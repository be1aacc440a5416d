// The part of a live move for which libvirt may know no snapshots of the VM at its own host.
import type { MigrationRun, MigrationWish } from '../../../driver/migrationHost.js';
import { clusterFailure } from '../clusterFailure.js';
import { leadMove } from '../live/leadMove.js';
import type { MovedFile, OpenMove } from './moveStore.js';
import { isAsSent, seenOn, type Side, type Sides, topsOn, withEnds } from './sides.js';

/** Milliseconds that a guest may stand still which writes faster than its RAM can be sent. */
const mostStopMs = 2_000;

/**
 * An error says nothing of where the guest is: `endMove` finds out.
 *
 * @param written sources of the disks that it writes to
 * @returns milliseconds that it stood still, where they were counted
 */
export function moveGuest(
  open: OpenMove,
  sides: Sides,
  { live, written }: { readonly live: MigrationWish; readonly written: readonly string[] },
  {
    signal,
    onProgress,
    mebibytesPerSecond,
  }: Pick<MigrationRun, 'signal' | 'mebibytesPerSecond'> & {
    readonly onProgress: (fraction: number) => void;
  },
): Promise<number | undefined> {
  const { vm, documents, files } = open.record;
  return withEnds(sides, async (ends) => {
    await open.put({ phase: 'moving' });
    await sides.from.ask((copies) => copies.forgetSnapshots(vm.uuid, documents));
    const speed = mebibytesPerSecond === undefined ? {} : { mebibytesPerSecond };
    const run = { signal, mostStopMs, ...speed, onProgress: ({ fraction = 0 }) => onProgress(fraction) };
    return leadMove(ends, vm, live, run, {
      // Somebody may have merged a layer in the moment before libvirt let nobody do so any more.
      sent: async () => {
        const [tops] = await Promise.all([topsOn(sides.to, written), requireAsSent(sides.from, files)]);
        await open.put({ letRun: 'asked', tops });
      },
      refused: () => open.put({ letRun: 'refused' }),
      arrived: () => open.put({ letRun: 'done' }),
    });
  });
}

/** Nobody has written to what was sent, but for the VM to its own. @throws Failure `changed` */
export async function requireAsSent(
  from: Side,
  files: readonly Pick<MovedFile, 'path' | 'identity' | 'bytes' | 'modified' | 'written'>[],
): Promise<void> {
  const here = await seenOn(
    from,
    files.map(({ path }) => path),
  );
  const areAsSent = files.every((file) => {
    const now = here.get(file.path);
    return now !== undefined && isAsSent(file, now, true);
  });
  if (!areAsSent) {
    throw clusterFailure('changed');
  }
}

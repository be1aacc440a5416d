// The part of a live move for which libvirt may know no snapshots of the VM at its own host.
import type { MigrationWish } from '../../../driver/migrationHost.js';
import { clusterFailure } from '../clusterFailure.js';
import { leadMove } from '../live/leadMove.js';
import type { MovedFile, OpenMove } from './moveStore.js';
import { isAsSent, seenOn, type Side, type Sides, withEnds } from './sides.js';

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
  const { vm, documents, files } = open.record;
  return withEnds(sides, async (ends) => {
    await open.put({ phase: 'moving' });
    await sides.from.ask((copies) => copies.forgetSnapshots(vm.uuid, documents));
    const run = { signal, mostStopMs, onProgress: ({ fraction = 0 }) => onProgress(fraction) };
    return leadMove(ends, vm, live, run, {
      // Somebody may have merged a layer in the moment before libvirt let nobody do so any more.
      sent: async () => {
        const [asked] = await Promise.all([withTimesThere(sides.to, files), requireAsSent(sides.from, files)]);
        await (asked !== undefined && open.put({ letRun: 'asked', files: asked }));
      },
      refused: () => open.put({ letRun: 'refused' }),
      arrived: () => open.put({ letRun: 'done' }),
    });
  });
}

/** From then on, a guest that runs there changes these times. @returns undefined where it writes to none of them */
async function withTimesThere(to: Side, files: readonly MovedFile[]): Promise<MovedFile[] | undefined> {
  const written = files.filter((file) => file.written === true);
  if (written.length === 0) {
    return undefined;
  }
  const there = await seenOn(
    to,
    written.map(({ path }) => path),
  );
  return files.map((file) => {
    const found = file.written === true ? there.get(file.path) : undefined;
    return found === undefined ? file : { ...file, modifiedThere: found.modified };
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

// The checkpoints that backups created, of which only the newest stay where that is wanted.
import { asFailure } from '../../domain/asFailure.js';
import { dateText, secondText } from '../../domain/clockText.js';
import type { Failure } from '../../domain/failure.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { freeTitle } from '../../domain/snapshotName.js';
import type { Context } from '../../cli/context.js';
import type { VmView } from '../../live/views.js';

/** Tells it from all that a person created; one that is renamed stays. */
export function backupCheckpointTitle(existing: readonly Snapshot[], now: number): string {
  return freeTitle(`backup ${secondText(now)}, ${dateText(now)}`, existing);
}

/** The oldest first, without the newest. */
export function oldCheckpoints(snapshots: readonly Snapshot[], keep: number): readonly Snapshot[] {
  return snapshots
    .filter(({ title }) => /^backup \d\d:\d\d:\d\d, \d{4}-\d\d-\d\d(?: \(\d+\))?$/u.test(title))
    .toSorted((one, other) => one.createdAt - other.createdAt)
    .slice(0, -Math.max(1, keep));
}

export interface CheckpointStays {
  /** Absent: nothing could be read, so all stay. */
  readonly title?: string;
  readonly failure: Failure;
}

/**
 * One after the other, each planned anew. What somebody marked as kept stays, and what would take more with it than its
 * RAM: that is for a person to delete.
 *
 * @returns those that should have gone. Never rejects.
 */
export async function deleteOldCheckpoints(
  { session, interruption }: Pick<Context, 'session' | 'interruption'>,
  view: VmView,
  keep: number,
): Promise<readonly CheckpointStays[]> {
  const { ref } = view;
  const stays: CheckpointStays[] = [];
  let old: readonly Snapshot[];
  try {
    const kept = await session.engine.keptSnapshots(ref);
    const { snapshots } = await session.engine.readTree(ref);
    old = oldCheckpoints(snapshots, keep).filter(({ name }) => !kept.includes(name));
  } catch (error) {
    return [{ failure: asFailure(error) }];
  }
  for (const snapshot of old) {
    try {
      const plan = await session.plan(view, { kind: 'prune', vm: ref, snapshots: [snapshot.name] });
      if ((plan.removes ?? []).every((file) => file === snapshot.memory.file)) {
        await session.run(plan, { signal: interruption.signal });
      }
    } catch (error) {
      stays.push({ title: snapshot.title, failure: asFailure(error) });
    }
  }
  return stays;
}

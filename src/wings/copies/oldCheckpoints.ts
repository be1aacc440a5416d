// The checkpoints that backups created, of which only the newest stay where that is wanted.
import { t } from '@vscode/l10n';
import { asFailure } from '../../domain/asFailure.js';
import { dateText, secondText } from '../../domain/clockText.js';
import type { Failure } from '../../domain/failure.js';
import { outsideTrash } from '../../domain/snapshotTree.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { freeTitle } from '../../domain/snapshotName.js';
import type { VmView } from '../../live/views.js';
import type { Session } from '../../session/session.js';

export function backupCheckpointTitle(existing: readonly Snapshot[], now: number): string {
  return freeTitle(`backup ${secondText(now)}, ${dateText(now)}`, existing);
}

/** The oldest first, without the newest. @param made those that backups created, by our record */
export function oldCheckpoints(
  snapshots: readonly Snapshot[],
  made: readonly Pick<Snapshot, 'name'>[],
  keep: number,
): readonly Snapshot[] {
  return snapshots
    .filter(({ name }) => made.some((one) => one.name === name))
    .toSorted((one, other) => one.createdAt - other.createdAt)
    .slice(0, -Math.max(1, keep));
}

/** Earlier versions recorded nothing, and a person may have given that title. */
function looksMade({ title, trailers }: Snapshot): boolean {
  return trailers.auto === undefined && /^backup \d\d:\d\d:\d\d, \d{4}-\d\d-\d\d(?: \(\d+\))?$/u.test(title);
}

export interface CheckpointStays {
  /** Absent: nothing could be read, so all stay. */
  readonly title?: string;
  readonly failure: Failure;
}

interface CheckpointTools {
  readonly session: Session;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * One after the other, each planned anew. What somebody marked as kept stays, and what would take more with it than its
 * RAM: that is for a person to delete.
 *
 * @returns those that should have gone. Never rejects.
 */
export async function deleteOldCheckpoints(
  { session, tell, signal }: CheckpointTools,
  view: VmView,
  keep: number,
): Promise<readonly CheckpointStays[]> {
  const { ref } = view;
  const stays: CheckpointStays[] = [];
  let old: readonly Snapshot[];
  try {
    const kept = await session.engine.keptSnapshots(ref);
    const made = await session.engine.madeSnapshots(ref, 'backup');
    const trash = await session.engine.trashedSnapshots(ref);
    const snapshots = outsideTrash(await session.engine.readTree(ref), trash);
    old = oldCheckpoints(snapshots, made, keep).filter(({ name }) => !kept.includes(name));
    const others = snapshots.filter((one) => looksMade(one) && !kept.includes(one.name)).length;
    if (others > 0) {
      tell(t('Snapshots that stay, as no record here says that a backup created them: {0}', others));
    }
  } catch (error) {
    return [{ failure: asFailure(error) }];
  }
  for (const snapshot of old) {
    try {
      const plan = await session.plan(view, { kind: 'prune', vm: ref, snapshots: [snapshot.name] });
      if ((plan.removes ?? []).every((file) => file === snapshot.memory.file)) {
        await session.run(plan, { signal });
      }
    } catch (error) {
      stays.push({ title: snapshot.title, failure: asFailure(error) });
    }
  }
  return stays;
}

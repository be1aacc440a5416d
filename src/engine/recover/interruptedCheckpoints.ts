// The snapshots that an operation which broke off took of its own accord, and that its recovery takes: they may be all
// that is left of a present that somebody worked in, so no rule takes them away.
import type { SnapshotTree } from '../../domain/snapshot.js';
import type { JournalEntry } from '../../journal/entry.js';
import type { Persistence } from '../../journal/persistence.js';

/** A second more than the clocks of a computer and its daemon can be apart in whole seconds. */
const slackMs = 2_000;

/** Rejects with the Failure of a record that cannot be written: as it stands, it lets the snapshot go. */
export async function keepInterruptedCheckpoints(
  { marks }: Pick<Persistence, 'marks'>,
  { request: { vm }, plan, startedAt }: JournalEntry,
): Promise<void> {
  const names = new Set(plan.steps.flatMap((step) => (step.kind === 'createSnapshot' ? [step.name] : [])));
  const since = startedAt - slackMs;
  for (const record of await marks.auto.of(vm)) {
    if (record.stays !== true && (names.has(record.name) || record.createdAt >= since)) {
      await marks.auto.add(vm, { ...record, stays: true });
    }
  }
}

/** What was created for a backup, to read files or until a date, and not recorded before its program was killed. */
export async function recordInterrupted(
  { marks }: Pick<Persistence, 'marks'>,
  { request, plan, startedAt }: JournalEntry,
  { snapshots }: SnapshotTree,
): Promise<void> {
  const { vm } = request;
  const until = request.kind === 'create' ? (request.until ?? 0) : 0;
  for (const step of plan.steps) {
    const why = step.kind === 'createSnapshot' ? step.auto : undefined;
    const made = snapshots.find(
      ({ name, createdAt, trailers }) =>
        step.kind === 'createSnapshot' &&
        name === step.name &&
        trailers.auto === why &&
        createdAt >= startedAt - slackMs,
    );
    if (made !== undefined && until > made.createdAt) {
      const { name, createdAt } = made;
      const known = await marks.kept.of(vm);
      if (!known.some((one) => one.name === name && one.createdAt === createdAt)) {
        await marks.kept.add(vm, { name, createdAt, until });
      }
    }
    if (made !== undefined && (why === 'backup' || why === 'reading' || why === 'schedule')) {
      const { name, createdAt } = made;
      const known = await marks.auto.of(vm);
      if (!known.some((one) => one.name === name && one.createdAt === createdAt)) {
        await marks.auto.add(vm, { name, why, createdAt, stays: true });
      }
    }
  }
}

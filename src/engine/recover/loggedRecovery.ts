// What the log says of an operation that broke off and came to its end, so that it can be undone as any other, and stands in the way of
// undoing what was before it. Refuses to guess what nobody wrote down.
import type { JournalEntry } from '../../journal/entry.js';
import { newOperationId } from '../../journal/operationLog.js';
import {
  type LoggedOperation,
  type SnapshotChange,
  logAsUnchanged,
  loggedSnapshotsOf,
  sparedSnapshot,
  loggedStateOf,
} from '../../domain/loggedOperation.js';
import { identityOf } from '../../domain/snapshot.js';
import type { VmView } from '../../live/views.js';

type LoggedRecovery = Omit<LoggedOperation, 'at'>;

/**
 * | of what was before                          | in the journal | → |
 * |---------------------------------------------|----------------|---|
 * | which snapshots there were                  | no             | undefined |
 * | what a text or a name was                   | never          | undefined for a change of these alone |
 * | what a snapshot that is gone said of itself | never          | its name for its title |
 */
export function logRecovery({ request, plan }: JournalEntry, after: VmView | undefined): LoggedRecovery | undefined {
  const { before, snapshot, checkpoint } = plan;
  const { snapshots, power, current, disks } = before;
  if (
    after?.tree === undefined ||
    snapshots === undefined ||
    request.kind === 'describe' ||
    request.kind === 'rename'
  ) {
    return undefined;
  }
  const there = loggedSnapshotsOf(after.tree);
  const [then, now] = [new Set(snapshots.map(identityOf)), new Set(there.map(identityOf))];
  const logged = {
    request,
    ...(checkpoint === undefined ? {} : { checkpoint }),
    before: { power, ...(current === undefined ? {} : { current }), disks },
  };
  const were = snapshots.map((one) => ({ ...one, title: one.name, description: '' }));
  const changes: readonly SnapshotChange[] = [
    ...were.filter((one) => !now.has(identityOf(one))).map((one) => ({ before: one })),
    ...there.filter((one) => !then.has(identityOf(one))).map((one) => ({ after: one })),
    ...logAsUnchanged(were, [sparedSnapshot(logged)]),
  ];
  return {
    id: newOperationId(),
    vm: { connection: request.vm.connection, uuid: request.vm.uuid },
    ...logged,
    ...(snapshot === undefined ? {} : { snapshot }),
    after: loggedStateOf(after.vm, after.tree),
    changes,
  };
}

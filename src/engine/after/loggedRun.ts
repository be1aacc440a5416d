// Puts an operation that was carried out into the log, with what was before and after.
import type { Facts } from '../../domain/facts.js';
import {
  type LoggedOperation,
  snapshotChanges,
  logAsUnchanged,
  loggedSnapshotsOf,
  sparedSnapshot,
  loggedStateOf,
  type OperationDuration,
} from '../../domain/loggedOperation.js';
import { emptyTree, type Snapshot } from '../../domain/snapshot.js';
import type { VmView } from '../../live/views.js';
import type { PlannedWork } from '../../operations/plan.js';
import type { Persistence } from '../../journal/persistence.js';

interface FinishedRun {
  readonly id: string;
  readonly plan: PlannedWork;
  /** What it was decided on. */
  readonly facts: Facts;
  /** As it was read back; absent where the VM is gone. */
  readonly after: VmView | undefined;
  /** Milliseconds of its steps. */
  readonly stepsMs: number;
  readonly why: WhyRun;
}

/** What the log says of an operation beside what it did. */
export interface WhyRun extends Pick<LoggedOperation, 'undoes' | 'unasked' | 'system'> {
  /** What it is called while it runs. */
  readonly does?: 'undo' | 'redo';
}

export async function logOperation(
  log: Persistence['operations'],
  { id, plan, facts, after, stepsMs, why: { undoes, unasked, system } }: FinishedRun,
): Promise<void> {
  const { request, snapshot, checkpoint, spared } = plan;
  const took = system === undefined ? tookOf(plan, facts, stepsMs) : undefined;
  const { tree = emptyTree, vm } = after ?? { vm: { ...facts.vm, power: 'off' } };
  const made = {
    request,
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(spared === undefined ? {} : { spared }),
    before: loggedStateOf(facts.vm, facts.tree),
  };
  await log.add({
    id,
    vm: { connection: request.vm.connection, uuid: request.vm.uuid },
    ...made,
    ...(snapshot === undefined ? {} : { snapshot }),
    after: loggedStateOf(vm, tree),
    changes: [
      ...snapshotChanges(facts.tree, tree),
      ...logAsUnchanged(loggedSnapshotsOf(facts.tree), [sparedSnapshot(made)]),
    ],
    ...(undoes === undefined ? {} : { undoes }),
    ...(unasked === undefined ? {} : { unasked }),
    ...(system === undefined ? {} : { system }),
    ...(took === undefined ? {} : { took }),
  });
}

/** Undefined where there is no forecast, or what was deleted is not of one style. */
function tookOf(
  { request, deletes = [] }: PlannedWork,
  { tree }: Facts,
  stepsMs: number,
): OperationDuration | undefined {
  const names = request.kind === 'revert' ? [request.snapshot] : request.kind === 'delete' ? deletes : [];
  const meant = tree.snapshots.filter(({ name }) => names.includes(name));
  const [first, ...others] = meant;
  return first === undefined || others.some(({ style }) => style !== first.style)
    ? undefined
    : { ms: Math.round(stepsMs), style: first.style, kind: kindOf(meant), snapshots: meant.length };
}

/** RAM is what takes long. */
function kindOf(snapshots: readonly Snapshot[]): Snapshot['kind'] {
  return snapshots.find(({ kind }) => kind === 'memory')?.kind ?? snapshots[0]?.kind ?? 'offline';
}

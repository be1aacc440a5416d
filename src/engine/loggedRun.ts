// Puts an operation that was carried out into the log, with what was before and after. Refuses to know what can be undone.
import type { Facts } from '../domain/facts.js';
import { type LoggedOperation, snapshotChanges, stateSeen } from '../domain/loggedOperation.js';
import { emptyTree } from '../domain/snapshot.js';
import type { VmView } from '../inventory/views.js';
import type { PlannedWork } from '../operations/plan.js';
import type { Persistence } from './persistence.js';

export interface Ran {
  readonly id: string;
  readonly plan: PlannedWork;
  /** What it was decided on. */
  readonly facts: Facts;
  /** As it was read back; absent where the VM is gone. */
  readonly after: VmView | undefined;
  readonly why: WhyRun;
}

/** What the log says of an operation beside what it did. */
export type WhyRun = Pick<LoggedOperation, 'undoes' | 'unasked' | 'system'>;

export async function logOperation(
  log: Persistence['operations'],
  { id, plan, facts, after, why: { undoes, unasked, system } }: Ran,
): Promise<void> {
  const { request, snapshot, checkpoint } = plan;
  const { tree = emptyTree, vm } = after ?? { vm: { ...facts.vm, power: 'off' } };
  await log.add({
    id,
    vm: { connection: request.vm.connection, uuid: request.vm.uuid },
    request,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    before: stateSeen(facts.vm, facts.tree),
    after: stateSeen(vm, tree),
    changes: snapshotChanges(facts.tree, tree),
    ...(undoes === undefined ? {} : { undoes }),
    ...(unasked === undefined ? {} : { unasked }),
    ...(system === undefined ? {} : { system }),
  });
}

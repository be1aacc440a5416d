// What is known of a VM without asking anybody for more: the picture, and what we keep beside it. Refuses to decide.
import type { Hypervisor } from '../../driver/hypervisor.js';
import type { OneSnapshot } from '../../journal/snapshotRecords.js';
import type { FrozenRecord } from '../../domain/frozenRecord.js';
import type { VmLayers } from '../../domain/layers.js';
import type { AutoSnapshot, Facts } from '../../domain/facts.js';
import type { MeasuredOperation } from '../../domain/loggedOperation.js';
import type { OperationType, VmTurn } from '../../domain/operation.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import type { Vm, VmRef } from '../../domain/vm.js';
import type { Persistence } from '../../journal/persistence.js';
import { keepingMarks, findKeptSnapshots } from './keptSnapshots.js';

/** How long these take is told by what was measured. Others need no log, and each look would read it. */
const forecasted: ReadonlySet<VmTurn['kind']> = new Set<OperationType>([
  'revert',
  'delete',
  'prune',
  'consolidate',
  'repair',
]);
/** The most entries of the log that are read: older ones add nothing, and each is a file. */
const newestOfLog = 30;

/** What we know of a VM beside what the hypervisor tells. */
interface OwnKnowledge {
  readonly records?: readonly AutoSnapshot[];
  readonly marks?: readonly OneSnapshot[];
  readonly frozen?: readonly FrozenRecord[];
  readonly measured?: readonly MeasuredOperation[];
  readonly layers?: VmLayers | undefined;
  readonly olderThanLastRun?: readonly string[] | undefined;
  readonly standsSince?: string | undefined;
}

/** @param requests that are to be planned with it */
export async function readOwnKnowledge(
  persistence: Pick<Persistence, 'marks' | 'operations' | 'frozen'>,
  ref: VmRef,
  requests: readonly Pick<VmTurn, 'kind'>[],
): Promise<OwnKnowledge> {
  const [records, marks, frozen, log] = await Promise.all([
    persistence.marks.auto.of(ref),
    keepingMarks(persistence, ref),
    persistence.frozen.of(ref),
    requests.some(({ kind }) => forecasted.has(kind)) ? persistence.operations.of(ref, newestOfLog) : [],
  ]);
  return {
    records,
    marks,
    frozen,
    measured: log.flatMap((one) => (one.took === undefined ? [] : [{ ...one, took: one.took }])),
  };
}

/** @param now milliseconds since 1970 */
export function knownFacts(
  { capabilities }: Hypervisor,
  vm: Vm,
  tree: SnapshotTree,
  now: number,
  { records, marks, frozen, measured, layers, olderThanLastRun, standsSince }: OwnKnowledge = {},
): Facts {
  return {
    vm,
    tree,
    capabilities,
    now,
    ...(records === undefined ? {} : { autoSnapshots: records }),
    ...(marks === undefined ? {} : { kept: findKeptSnapshots(tree, marks).map(({ name }) => name) }),
    ...(frozen === undefined ? {} : { frozenRecords: frozen }),
    ...(measured === undefined ? {} : { measured }),
    ...(layers === undefined ? {} : { layers }),
    ...(olderThanLastRun === undefined ? {} : { olderThanLastRun }),
    ...(standsSince === undefined ? {} : { standsSince }),
  };
}

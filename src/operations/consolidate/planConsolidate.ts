// Decides how the chains below a VM's disks get shorter. Layers that external snapshots own go with these, for a block
// commit beneath them would leave metadata that lies; layers that nobody owns are committed.
import type { OperationRequest } from '../../domain/operation.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { activePath, findSnapshot } from '../../domain/snapshotTree.js';
import { checkpointRefusal } from '../diskRefusals.js';
import { deleteSeries, seriesPlan } from '../delete/deleteSeries.js';
import {
  asleepOrCrashedRefusal,
  inUseRefusal,
  managedSaveRefusal,
  readOnlyRefusal,
  unsteadyRefusal,
} from '../refusals.js';
import { planBlockCommit } from './planBlockCommit.js';

type ConsolidateRequest = Extract<OperationRequest, { kind: 'consolidate' }>;

/**
 * | external snapshots on the way to the current state | → |
 * |----------------------------------------------|---|
 * | some                                         | those above `downTo` are deleted, each as it would be alone |
 * | none                                         | see planBlockCommit |
 */
export function planConsolidate(request: ConsolidateRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, tree, capabilities } = facts;
  const obstacle =
    readOnlyRefusal(vm, capabilities, 'consolidate') ??
    (capabilities.driver === 'qemu'
      ? undefined
      : refuse('driverCannot', { driver: capabilities.driver, action: 'consolidate' })) ??
    unsteadyRefusal(vm, 'consolidate') ??
    asleepOrCrashedRefusal(vm, 'consolidate') ??
    inUseRefusal(facts) ??
    checkpointRefusal(facts, 'changed') ??
    managedSaveRefusal(facts) ??
    unfinishedRefusal(facts) ??
    targetRefusal(request, facts);
  if (obstacle !== undefined) {
    return obstacle;
  }
  return activePath(tree).some(({ style }) => style === 'external')
    ? bySnapshots(request, facts)
    : planBlockCommit(request, facts);
}

function bySnapshots(request: ConsolidateRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, tree } = facts;
  const path = activePath(tree);
  const { downTo, targets } = request;
  const down = downTo === undefined ? -1 : path.findIndex(({ name }) => name === downTo);
  if (downTo !== undefined && down < 0) {
    const stranger = findSnapshot(tree, downTo);
    return stranger === undefined
      ? refuse('snapshotMissing', { vm: vm.name, snapshot: downTo })
      : refuse('notOnSnapshot', { vm: vm.name, snapshot: stranger.title });
  }
  const going = path.slice(down + 1).filter(({ style }) => style === 'external');
  const other = going
    .flatMap(({ disks }) => disks)
    .find(({ target, location }) => location === 'external' && targets !== undefined && !targets.includes(target));
  if (other !== undefined) {
    return refuse('snapshotsHoldAllDisks', { vm: vm.name, disk: other.target });
  }
  const names = going.map(({ name }) => name);
  return seriesPlan(request, deleteSeries(request.vm, names, facts), refuse('nothingToConsolidate', { vm: vm.name }));
}

/** libvirt has to finish its own merge before another one reads or writes the same files. */
function unfinishedRefusal({ tree }: Facts): RefusedDecision | undefined {
  for (const snapshot of tree.snapshots) {
    const disk = snapshot.disks.find(({ deleteInProgress }) => deleteInProgress);
    if (disk !== undefined) {
      return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: disk.target });
    }
  }
  return undefined;
}

function targetRefusal({ targets }: ConsolidateRequest, { vm }: Facts): RefusedDecision | undefined {
  const stranger = targets?.find((target) => vm.disks.every((disk) => disk.target !== target));
  return stranger === undefined ? undefined : refuse('noSuchDisk', { vm: vm.name, disk: stranger });
}

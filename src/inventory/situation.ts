// Reads afresh what the decision about an operation rests on. It refuses to decide.
import type { Hypervisor } from '../hypervisor/hypervisor.js';
import type { OperationRequest } from '../model/operation.js';
import type { Situation } from '../model/plan.js';
import type { SnapshotTree } from '../model/snapshot.js';
import { isActive, type Vm, type VmDisk } from '../model/vm.js';

/**
 * | known          | read for                                                                          |
 * |----------------|-----------------------------------------------------------------------------------|
 * | block jobs     | an active VM; one that is off has none, and the question would be an error        |
 * | frozen disks   | revert and delete where an external snapshot exists: only then files depend on others |
 *
 * @param now milliseconds since 1970
 */
export async function readSituation(
  hypervisor: Hypervisor,
  request: OperationRequest,
  vm: Vm,
  tree: SnapshotTree,
  now: number,
): Promise<Situation> {
  return {
    vm,
    tree,
    capabilities: hypervisor.capabilities,
    now: Math.floor(now / 1000),
    blockJobs: isActive(vm.power) ? await hypervisor.readBlockJobs(vm) : [],
    frozenDisks: dependsOnFiles(request, tree) ? await readFrozen(hypervisor, vm, tree) : new Map(),
  };
}

function dependsOnFiles(request: OperationRequest, tree: SnapshotTree): boolean {
  const moves = request.type === 'revert' || request.type === 'delete';
  return moves && tree.snapshots.some((snapshot) => snapshot.style === 'external');
}

async function readFrozen(
  hypervisor: Hypervisor,
  vm: Vm,
  tree: SnapshotTree,
): Promise<ReadonlyMap<string, readonly VmDisk[]>> {
  const entries = await Promise.all(
    tree.snapshots.map(async ({ name }) => [name, await hypervisor.readFrozenDisks(vm.uuid, name)] as const),
  );
  return new Map(entries);
}

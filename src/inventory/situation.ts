// Reads what the decision about an operation rests on beside the VM and its tree. It refuses to decide.
import type { Hypervisor } from '../hypervisor/hypervisor.js';
import { Failure } from '../model/failure.js';
import type { OperationRequest } from '../model/operation.js';
import type { Situation } from '../model/plan.js';
import { needs } from '../model/needs.js';
import type { SnapshotTree } from '../model/snapshot.js';
import type { Vm, VmDisk } from '../model/vm.js';

/** @param now milliseconds since 1970 */
export function knownSituation(hypervisor: Hypervisor, vm: Vm, tree: SnapshotTree, now: number): Situation {
  return { vm, tree, capabilities: hypervisor.capabilities, now: Math.floor(now / 1000) };
}

/** The same with everything that this request's rules ask for. Waits while another client's snapshot holds the VM. */
export async function fullSituation(
  hypervisor: Hypervisor,
  request: OperationRequest,
  known: Situation,
): Promise<Situation> {
  const { blockJobs, frozenDisks } = needs(request, known);
  const [jobs, frozen] = await Promise.all([
    blockJobs ? hypervisor.readBlockJobs(known.vm) : [],
    Promise.all(frozenDisks.map((name) => readFrozen(hypervisor, known.vm.uuid, name))),
  ]);
  return { ...known, blockJobs: jobs, frozenDisks: new Map(frozen.flat()) };
}

/** Nothing for a snapshot that has vanished since the tree was read: what is gone stands in nobody's way. */
async function readFrozen(
  hypervisor: Hypervisor,
  uuid: string,
  name: string,
): Promise<readonly (readonly [string, readonly VmDisk[]])[]> {
  try {
    return [[name, await hypervisor.readFrozenDisks(uuid, name)]];
  } catch (error) {
    if (error instanceof Failure && error.kind === 'notFound') {
      return [];
    }
    throw error;
  }
}

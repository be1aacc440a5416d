// What it would mean to take VMs from the cluster on their host, or why it cannot be. Changes nothing.
import { readClustered, rulesOfOthers } from '../../../driver/cluster/clusteredVm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import { clusterFailure } from '../clusterFailure.js';
import { type ClusterShell, lookAtCluster } from './clusterShell.js';
import { type GivenVm, requireSettled } from './takeOut.js';

export interface TakenVms {
  readonly vms: readonly GivenVm[];
  /** Rules of the cluster that name them and that others wrote. They go with them. */
  readonly rules: readonly string[];
}

/** @throws Failure `notKept`, `othersMade`, `elsewhere` */
export async function planTaken(engine: EnginePort, shell: ClusterShell, views: readonly VmView[]): Promise<TakenVms> {
  const { cib, state } = await lookAtCluster(shell);
  requireSettled(state);
  const vms: GivenVm[] = [];
  for (const { ref, vm } of views) {
    const { name } = vm;
    const keeper = await engine.keeperOf(ref);
    if (typeof keeper === 'string') {
      throw clusterFailure('notKept', { vm: name });
    }
    const { resource, elsewhere } = keeper;
    const clustered = readClustered(cib, resource);
    if (clustered === undefined || clustered === 'others') {
      throw clusterFailure('othersMade', { vm: name, resource });
    }
    const [node] = elsewhere;
    if (node !== undefined) {
      throw clusterFailure('elsewhere', { vm: name, node });
    }
    vms.push({ uuid: ref.uuid, name, resource, ...clustered });
  }
  return { vms, rules: [...new Set(vms.flatMap(({ resource }) => rulesOfOthers(cib, resource)))] };
}

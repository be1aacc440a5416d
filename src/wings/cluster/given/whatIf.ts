// What the cluster would do with its VMs if a node failed, or was emptied: its simulation, with what libvirt refuses.
import { standbyXml } from '../../../driver/cluster/clusteredVm.js';
import { readConfiguredVm, readKeptResources } from '../../../driver/cluster/clusterXml.js';
import { clusterFailure } from '../clusterFailure.js';
import { type ClusterShell, lookAtCluster, readConfig, simulate } from './clusterShell.js';

export type WhenSo = 'fails' | 'emptied';

export interface VmThen {
  readonly resource: string;
  /** The VM that it is here, where it is known. */
  readonly vm?: string;
  readonly from: string;
  /** `lost`: it runs nowhere. `movedCold`: the cluster would move it live, and libvirt refuses that with snapshots. */
  readonly what: 'movedLive' | 'movedCold' | 'restarted' | 'lost';
  readonly to?: string;
}

/** A VM that is known here. */
export interface KnownVm {
  readonly name: string;
  readonly snapshots: number;
}

/** By what stands in the file that the cluster starts it from. */
type FindVm = (of: ReturnType<typeof readConfiguredVm>) => Promise<KnownVm | undefined>;

/** @throws Failure */
export async function whatIf(
  shell: ClusterShell,
  node: string,
  findVm: FindVm,
): Promise<Readonly<Record<WhenSo, readonly VmThen[]>>> {
  const { state, cib } = await lookAtCluster(shell);
  const found = state.nodes.find(({ name }) => name === node);
  if (found === undefined) {
    throw clusterFailure('noSuchNode', { node });
  }
  const kept = await Promise.all(
    readKeptResources(cib).map(async ({ id, config }) => {
      return { resource: id, vm: await findVm(readVmOf(await readConfig(shell, config))) };
    }),
  );
  const then = async (change: string, ...words: readonly string[]): Promise<readonly VmThen[]> => {
    const { before, after, actions } = await simulate(shell, change, ...words);
    return kept.flatMap(({ resource, vm }): VmThen[] => {
      const [from] = before.get(resource) ?? [];
      const [to] = after.get(resource) ?? [];
      if (from === undefined || (from === to && !actions.has(resource))) {
        return [];
      }
      const isLive = actions.get(resource) === 'migrate';
      const what =
        to === undefined ? 'lost' : !isLive ? 'restarted' : (vm?.snapshots ?? 0) > 0 ? 'movedCold' : 'movedLive';
      return [{ resource, from, what, ...(to !== undefined && { to }), ...(vm !== undefined && { vm: vm.name }) }];
    });
  };
  return { fails: await then('', '--node-fail', node), emptied: await then(standbyXml(found.id, node)) };
}

function readVmOf(xml: string): ReturnType<typeof readConfiguredVm> {
  try {
    return readConfiguredVm(xml);
  } catch {
    return {};
  }
}

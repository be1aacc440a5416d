// Takes a VM out of its cluster, or what was begun of giving it to one: the VM goes on as it is.
import { isOwnConfig, readClustered, takenOutXpath, unlookedXml } from '../../../driver/cluster/clusteredVm.js';
import type { ClusterState } from '../../../driver/cluster/clusterState.js';
import { clusterFailure } from '../clusterFailure.js';
import { type ClusterShell, lookAtCluster, readConfig } from './clusterShell.js';

/** As it is written down. */
export interface GivenVm {
  readonly uuid: string;
  readonly name: string;
  /** What the cluster calls it. */
  readonly resource: string;
  /** The file that the cluster starts it from. */
  readonly config: string;
  /** libvirt starts it with the host, where it is in no cluster. */
  readonly autostart: boolean;
}

const refreshes = 5;

/**
 * Can be called again. The cluster forgets that it ran the VM before it forgets the VM: else it would stop what it no
 * longer has to run, and cut the power of a node where that fails.
 *
 * @throws Failure
 */
export async function takeOut(shell: ClusterShell, uri: string, vm: GivenVm): Promise<void> {
  const { uuid, resource, config, autostart } = vm;
  const { ask, run } = shell;
  const { state, cib, here } = await lookAtCluster(shell);
  const clustered = readClustered(cib, resource);
  if (clustered === 'others') {
    throw clusterFailure('othersMade', { vm: vm.name, resource });
  }
  if (clustered !== undefined) {
    requireSettled(state);
    // It would go on there, and start here, too.
    const elsewhere = state.resources.get(resource)?.nodes.find((node) => node !== here);
    if (elsewhere !== undefined) {
      throw clusterFailure('elsewhere', { vm: vm.name, node: elsewhere });
    }
    const nodes = state.nodes.map(({ name }) => name);
    await run('cibadmin', '--modify', '--scope', 'configuration', '--xml-text', unlookedXml(resource, nodes));
    await run('crm_resource', '--wait', '--timeout', '120');
    await persist(shell, uri, vm);
    await forget(shell, resource);
    await run('cibadmin', '--force', '--delete-all', '--xpath', takenOutXpath(resource));
  }
  if (autostart) {
    await run('virsh', '--connect', uri, 'autostart', uuid);
  }
  if (isOwnConfig(config, await readConfig(shell, config), uuid)) {
    await ask('rm', '-f', '--', config);
  }
}

/** What is not known of a node would be known later. @throws Failure `noQuorum`, `unclean` */
export function requireSettled({ hasQuorum, nodes }: ClusterState): void {
  if (!hasQuorum || nodes.some(({ isUnclean }) => isUnclean)) {
    throw clusterFailure(hasQuorum ? 'unclean' : 'noQuorum');
  }
}

/** The cluster's agent starts VMs that libvirt forgets at their end. */
async function persist({ run }: ClusterShell, uri: string, { uuid, config }: GivenVm): Promise<void> {
  // A failure to look is no answer: a VM that runs would be defined as it was.
  const there = await run('virsh', '--connect', uri, 'list', '--all', '--uuid');
  if (!there.split('\n').some((line) => line.trim() === uuid)) {
    await run('virsh', '--connect', uri, 'define', config);
  } else if (/^Persistent: +no$/mu.test(await run('virsh', '--connect', uri, 'dominfo', uuid))) {
    await run('define_now', uri, uuid);
  }
}

/** On all nodes that are there; one that is not begins with nothing. */
async function forget({ ask, run }: ClusterShell, resource: string): Promise<void> {
  for (let left = refreshes; left > 0; left -= 1) {
    await run('crm_resource', '--refresh', '--resource', resource);
    await run('crm_resource', '--wait', '--timeout', '120');
    const { out } = await ask(
      'cibadmin',
      '--query',
      '--xpath',
      `//node_state[@crmd!='offline']//lrm_resource[@id='${resource}']`,
    );
    if (!out.toString('utf8').includes('<lrm_resource')) {
      return;
    }
  }
  throw clusterFailure('failed', { program: 'crm_resource --refresh', said: resource });
}

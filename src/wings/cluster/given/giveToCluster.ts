// Gives VMs to the cluster on their host, and takes them from it. A VM that runs goes on running.
import { clusteredXml, configText, maintenanceXpath } from '../../../driver/cluster/clusteredVm.js';
import type { SystemMember } from '../../../domain/system.js';
import type { VmView } from '../../../live/views.js';
import type { WingOperation, WingRun } from '../../../session/wingOperation.js';
import { clusterFailure } from '../clusterFailure.js';
import { type ClusterShell, lookAtCluster } from './clusterShell.js';
import { type GivenRecord, givenRecords } from './givenRecords.js';
import { givenLines, takenLines } from './givenText.js';
import { type PlannedCluster, planGiven } from './planGiven.js';
import { planTaken, type TakenVms } from './planTaken.js';
import { requireSettled } from './takeOut.js';

/** @param members of the system that is given, in their order */
export function giveToCluster(
  connection: string,
  views: readonly VmView[],
  members: readonly SystemMember[],
): WingOperation<PlannedCluster, GivenRecord, ClusterShell> {
  return {
    ...{ of: 'give', records: givenRecords, connection, views },
    plan: (engine, shell, now) => planGiven(engine, now, members, shell),
    agreement: ({ vms, lines, same, unknown, lost }) => [
      vms.map(({ view: _, ...vm }) => vm),
      lines,
      same,
      unknown,
      lost,
    ],
    question: givenLines,
    record: ({ vms }) => ({
      vms: vms.map(({ view, resource, config, autostart }) => ({
        ...{ uuid: view.ref.uuid, name: view.vm.name, resource, config, autostart },
      })),
    }),
    run: async (shell, planned, wish) => {
      await write(shell, planned, wish);
      wish.requireWanted();
      await requireSeen(shell, planned, 'inMaintenance');
      const resources = planned.vms.map(({ resource }) => resource);
      await shell.run('cibadmin', '--force', '--delete-all', '--xpath', maintenanceXpath(resources));
      await requireSeen(shell, planned);
    },
  };
}

/** Nothing is begun: they are taken out as where giving them broke off. */
export function takeFromCluster(
  connection: string,
  views: readonly VmView[],
): WingOperation<TakenVms, GivenRecord, ClusterShell> {
  return {
    ...{ of: 'take', records: givenRecords, connection, views, plan: planTaken },
    agreement: (taken) => taken,
    question: takenLines,
    record: ({ vms }) => ({ vms: [...vms] }),
  };
}

async function write(
  shell: ClusterShell,
  { vms, nodes, same }: PlannedCluster,
  { requireWanted, requireAlone }: WingRun,
): Promise<void> {
  const { run, ask } = shell;
  for (const { config, standing, view } of vms) {
    await run('write_new', config, configText(standing.definition));
    const sum = await run('sha256sum', '--', config);
    for (const node of same) {
      const there = await ask('on_node', node, `sha256sum -- '${config.replaceAll("'", `'\\''`)}'`);
      if (there.out.toString('utf8') !== sum) {
        throw clusterFailure('notOnNode', { vm: view.vm.name, file: config, node });
      }
    }
  }
  requireWanted();
  await requireAlone();
  // First without a hand on any VM: the cluster looks where each is.
  await run(
    'cibadmin',
    '--modify',
    '--scope',
    'configuration',
    '--xml-text',
    clusteredXml(vms, nodes, 'inMaintenance'),
  );
  for (const { hypervisor, view } of vms.filter(({ autostart }) => autostart)) {
    await run('virsh', '--connect', hypervisor, 'autostart', '--disable', view.ref.uuid);
  }
  await run('crm_resource', '--wait', '--timeout', '120');
}

/**
 * Each runs here, as the same QEMU, and nowhere else; or is off, and then on one. A cluster without quorum would stop
 * what it is given.
 *
 * @throws Failure `notSeen`, `noQuorum`, `unclean`
 */
async function requireSeen(shell: ClusterShell, { vms, look }: PlannedCluster, rests?: 'inMaintenance'): Promise<void> {
  await shell.run('crm_resource', '--wait', '--timeout', '180');
  const { state } = await lookAtCluster(shell);
  requireSettled(state);
  for (const { resource, standing, hypervisor, view } of vms) {
    const seen = state.resources.get(resource);
    const isOn = standing.id !== undefined;
    const at = seen?.nodes ?? [];
    const isPlaced = isOn ? at.join() === look.here : at.length === (rests === undefined ? 1 : 0);
    const isRight = isPlaced && seen?.isManaged === (rests === undefined);
    const id = isOn ? (await shell.ask('virsh', '--connect', hypervisor, 'domid', view.ref.uuid)).out.toString() : '';
    if (!isRight || id.trim() !== (standing.id ?? '')) {
      throw clusterFailure('notSeen', { vm: view.vm.name });
    }
  }
}

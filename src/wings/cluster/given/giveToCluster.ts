// Gives VMs to the cluster on their host, and takes them from it. A VM that runs goes on running.
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../../../base/log.js';
import { asFailure } from '../../../domain/asFailure.js';
import { Failure } from '../../../domain/failure.js';
import { refuse } from '../../../domain/refusal.js';
import type { WingTurn } from '../../../domain/operation.js';
import type { VmRef } from '../../../domain/vm.js';
import {
  clusteredXml,
  configText,
  maintenanceXpath,
  readClustered,
  rulesOfOthers,
} from '../../../driver/cluster/clusteredVm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { GroupLease } from '../../../engine/operationService.js';
import { newId } from '../../../journal/durable.js';
import type { VmView } from '../../../live/views.js';
import { clusterFailure } from '../clusterFailure.js';
import { type ClusterShell, lookAtCluster, withClusterShell } from './clusterShell.js';
import { endRecords, type GivenRecord, withRecord } from './givenStore.js';
import type { PlannedCluster, PlannedVm } from './planGiven.js';
import { localUri } from './vmOnNode.js';
import { requireSettled, takeOut } from './takeOut.js';

interface Wish {
  /** The folder of the session. */
  readonly folder: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * @param shell that does not end with the signal: what was begun is taken back by it
 * @throws Failure: the VMs are as they were, unless it says that it was interrupted
 */
export async function giveToCluster(
  engine: EnginePort,
  connection: string,
  shell: ClusterShell,
  planned: PlannedCluster,
  wish: Wish,
): Promise<void> {
  const { vms } = planned;
  const uri = localUri(connection);
  const recorded = vms.map(({ view, resource, config, autostart }) => ({
    ...{ uuid: view.ref.uuid, name: view.vm.name, resource, config, autostart },
  }));
  const refs = vms.map(({ view }) => view.ref);
  const failed = await withTurns(engine, refs, { ofWing: 'give', signal: wish.signal }, async (lease) => {
    await requireSame(planned);
    return withRecord(
      wish,
      { connection, vms: recorded },
      async (): Promise<{ readonly error: unknown } | undefined> => {
        try {
          await write(shell, planned, async () => {
            requireWanted(vms, wish.signal);
            await lease.requireAlone(() => Promise.resolve());
          });
          requireWanted(vms, wish.signal);
          await requireSeen(shell, planned, 'inMaintenance');
          await shell.run('cibadmin', '--force', '--delete-all', '--xpath', maintenanceXpath(names(vms)));
          await requireSeen(shell, planned);
          return undefined;
        } catch (error) {
          wish.log.warn(`not given to the cluster: ${String(error)}`);
          await takeAllOut(shell, uri, recorded);
          return { error };
        }
      },
    );
  });
  await engine.refresh({ connection });
  if (failed !== undefined) {
    throw failed.error;
  }
}

/** Somebody who is asked may take a while to agree. @throws Failure `stalePlan`, what planning throws */
async function requireSame(planned: PlannedCluster): Promise<void> {
  const now = await planned.again();
  const changed = planned.vms.find(({ view: _, ...vm }, at) => {
    const { view: __, ...again } = now.vms[at] ?? { view: undefined };
    return !isDeepStrictEqual(vm, again);
  });
  const facts = ({ lines, same, unknown, lost }: PlannedCluster): unknown => [lines, same, unknown, lost];
  if (changed !== undefined || !isDeepStrictEqual(facts(planned), facts(now))) {
    const vm = (changed ?? planned.vms[0])?.view.vm.name ?? '';
    throw new Failure('refused', { vm, refusal: refuse('stalePlan', { vm }).refusal });
  }
}

/** @throws Failure `partLeft`: it is written down still */
async function takeAllOut(shell: ClusterShell, uri: string, vms: GivenRecord['vms']): Promise<void> {
  for (const vm of vms.toReversed()) {
    try {
      await takeOut(shell, uri, vm);
    } catch (error) {
      throw clusterFailure('partLeft', { vm: vm.name, cause: asFailure(error) });
    }
  }
}

/** @throws Failure `cancelled` */
function requireWanted(vms: readonly PlannedVm[], signal: AbortSignal): void {
  if (signal.aborted) {
    throw new Failure('cancelled', { vm: vms[0]?.view.vm.name ?? '', doing: 'cluster', byUs: true });
  }
}

/** @param requireFree rejects where the cluster is to be told of none of them */
async function write(
  shell: ClusterShell,
  { vms, nodes, same }: PlannedCluster,
  requireFree: () => Promise<void>,
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
  await requireFree();
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

/**
 * @param shell that does not end with the signal
 * @param taken what somebody has agreed to
 * @returns names of their resources. @throws Failure
 */
export async function takeFromCluster(
  engine: EnginePort,
  views: readonly VmView[],
  connection: string,
  shell: ClusterShell,
  taken: TakenVms,
  wish: Wish,
): Promise<readonly string[]> {
  const { vms } = taken;
  const refs = views.map(({ ref }) => ref);
  await withTurns(engine, refs, { ofWing: 'take', signal: wish.signal }, async () => {
    if (!isDeepStrictEqual(taken, await planTaken(engine, views, shell))) {
      const vm = views[0]?.vm.name ?? '';
      throw new Failure('refused', { vm, refusal: refuse('stalePlan', { vm }).refusal });
    }
    await withRecord(wish, { connection, vms }, () => takeAllOut(shell, localUri(connection), vms));
  });
  await engine.refresh({ connection });
  return names(vms);
}

interface TakenVms {
  readonly vms: GivenRecord['vms'];
  /** Rules of the cluster that name them and that others wrote. They go with them. */
  readonly rules: readonly string[];
}

/** @throws Failure `notKept`, `othersMade`, `elsewhere` */
export async function planTaken(engine: EnginePort, views: readonly VmView[], shell: ClusterShell): Promise<TakenVms> {
  const { cib, state } = await lookAtCluster(shell);
  requireSettled(state);
  const vms: GivenRecord['vms'] = [];
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

/** What broke off is undone, of giving and of taking alike: a VM is out of the cluster then. @returns names of VMs */
export async function endLeft(
  engine: EnginePort,
  vm: string,
  { folder, log }: Omit<Wish, 'signal'>,
): Promise<readonly string[]> {
  const { signal } = new AbortController();
  const ended = await endRecords({ folder, log }, vm, ({ connection, vms }) => {
    const known = engine.connections.map(({ uri }) => uri);
    engine.setConnections([...new Set([...known, connection])]);
    const refs = vms.map(({ uuid }) => ({ connection, uuid }));
    return withClusterShell(engine, connection, signal, async (shell) => {
      await withTurns(engine, refs, { ofWing: 'take', signal }, () => takeAllOut(shell, localUri(connection), vms));
      await engine.refresh({ connection });
      return vms.map(({ name }) => name);
    });
  });
  return ended.flat();
}

/** In our turn on each. */
function withTurns<T>(
  engine: EnginePort,
  refs: readonly VmRef[],
  { ofWing, signal }: { readonly ofWing: WingTurn['of']; readonly signal: AbortSignal },
  work: (lease: GroupLease) => Promise<T>,
): Promise<T> {
  const requests = refs.map((vm) => ({ kind: 'wing', of: ofWing, vm }) as const);
  return engine.leaseAll({ id: newId(), requests, signal }, work);
}

function names(vms: readonly Pick<PlannedVm, 'resource'>[]): readonly string[] {
  return vms.map(({ resource }) => resource);
}

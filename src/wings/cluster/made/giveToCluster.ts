// Gives VMs to the cluster on their host, and takes them from it. A VM that runs goes on running.
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../../../base/log.js';
import { Failure } from '../../../domain/failure.js';
import { refuse } from '../../../domain/refusal.js';
import { clusteredXml, configText, maintenanceXpath, readClustered } from '../../../driver/cluster/clusteredVm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { newId } from '../../../journal/durable.js';
import type { VmView } from '../../../live/views.js';
import { MadeFault } from '../madeFault.js';
import { type ClusterShell, lookAtCluster, withClusterShell } from './clusterShell.js';
import { endRecords, type MadeRecord, withRecord } from './madeStore.js';
import type { PlannedCluster, PlannedVm } from './planMade.js';
import { localUri } from './standing.js';
import { requireSettled, takeOut } from './takeOut.js';

interface Wish {
  /** Of the session. */
  readonly folder: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** @throws MadeFault, Failure: the VMs are as they were, unless it says that it was interrupted */
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
  const views = vms.map(({ view }) => view);
  const failed = await withTurns(engine, views, wish.signal, async () => {
    await requireSame(planned);
    return withRecord(
      wish,
      { connection, vms: recorded },
      async (): Promise<{ readonly error: unknown } | undefined> => {
        try {
          await write(shell, planned);
          wish.signal.throwIfAborted();
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

/** @throws MadeFault `stays`: it is written down still */
async function takeAllOut(shell: ClusterShell, uri: string, vms: MadeRecord['vms']): Promise<void> {
  for (const vm of vms.toReversed()) {
    try {
      await takeOut(shell, uri, vm);
    } catch (error) {
      throw new MadeFault({ kind: 'stays', vm: vm.name, said: saidBy(error) });
    }
  }
}

function saidBy(error: unknown): string {
  return error instanceof MadeFault && 'said' in error.problem ? error.problem.said : String(error);
}

async function write(shell: ClusterShell, { vms, nodes, same }: PlannedCluster): Promise<void> {
  const { run, ask } = shell;
  for (const { config, standing, view } of vms) {
    await run('write_new', config, configText(standing.definition));
    const sum = await run('sha256sum', '--', config);
    for (const node of same) {
      const there = await ask('on_node', node, `sha256sum -- '${config.replaceAll("'", `'\\''`)}'`);
      if (there.out.toString('utf8') !== sum) {
        throw new MadeFault({ kind: 'notShared', vm: view.vm.name, file: config, node });
      }
    }
  }
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

/** Each runs here, as the same QEMU, and nowhere else; or is off, and then on one. @throws MadeFault `notSeen` */
async function requireSeen(shell: ClusterShell, { vms, look }: PlannedCluster, rests?: 'inMaintenance'): Promise<void> {
  await shell.run('crm_resource', '--wait', '--timeout', '180');
  const { state } = await lookAtCluster(shell);
  for (const { resource, standing, hypervisor, view } of vms) {
    const seen = state.resources.get(resource);
    const isOn = standing.id !== undefined;
    const at = seen?.nodes ?? [];
    const isPlaced = isOn ? at.join() === look.here : at.length === (rests === undefined ? 1 : 0);
    const isRight = isPlaced && seen?.isManaged === (rests === undefined);
    const id = isOn ? (await shell.ask('virsh', '--connect', hypervisor, 'domid', view.ref.uuid)).out.toString() : '';
    if (!isRight || id.trim() !== (standing.id ?? '')) {
      throw new MadeFault({ kind: 'notSeen', vm: view.vm.name });
    }
  }
}

/** @returns names of their resources. @throws MadeFault, Failure */
export async function takeFromCluster(
  engine: EnginePort,
  views: readonly VmView[],
  connection: string,
  shell: ClusterShell,
  wish: Wish,
): Promise<readonly string[]> {
  const vms = await clusteredOf(engine, views, shell);
  const uri = localUri(connection);
  await withTurns(engine, views, wish.signal, () =>
    withRecord(wish, { connection, vms }, () => takeAllOut(shell, uri, vms)),
  );
  await engine.refresh({ connection });
  return names(vms);
}

/** @throws MadeFault `notKept`, `othersMade`, `elsewhere` */
async function clusteredOf(
  engine: EnginePort,
  views: readonly VmView[],
  shell: ClusterShell,
): Promise<MadeRecord['vms']> {
  const { cib, state } = await lookAtCluster(shell);
  requireSettled(state);
  const vms: MadeRecord['vms'] = [];
  for (const { ref, vm } of views) {
    const { name } = vm;
    const keeper = await engine.keeperOf(ref);
    if (typeof keeper === 'string') {
      throw new MadeFault({ kind: 'notKept', vm: name });
    }
    const { resource, elsewhere } = keeper;
    const clustered = readClustered(cib, resource);
    if (clustered === undefined || clustered === 'others') {
      throw new MadeFault({ kind: 'othersMade', vm: name, resource });
    }
    const [node] = elsewhere;
    if (node !== undefined) {
      throw new MadeFault({ kind: 'elsewhere', vm: name, node });
    }
    vms.push({ uuid: ref.uuid, name, resource, ...clustered });
  }
  return vms;
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
    return withClusterShell(engine, connection, signal, async (shell) => {
      await takeAllOut(shell, localUri(connection), vms);
      await engine.refresh({ connection });
      return vms.map(({ name }) => name);
    });
  });
  return ended.flat();
}

/** In our turn on each. */
function withTurns<T>(
  engine: EnginePort,
  views: readonly VmView[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const requests = views.map(({ ref }) => ({ kind: 'power', vm: ref, action: 'shutDown' }) as const);
  return engine.leaseAll({ id: newId(), requests, signal }, work);
}

function names(vms: readonly Pick<PlannedVm, 'resource'>[]): readonly string[] {
  return vms.map(({ resource }) => resource);
}

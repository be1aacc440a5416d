// What it would mean to give VMs to the cluster on their host, or why it cannot be. Changes nothing.
import { posix } from 'node:path';
import { shellWord } from '../../../base/shellWord.js';
import {
  clusteredLines,
  type ClusteredVm,
  clusteredXml,
  configEnd,
  newResourceId,
  type NodeRoom,
} from '../../../driver/cluster/clusteredVm.js';
import type { SystemMember } from '../../../domain/system.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import { clusterFailure } from '../clusterFailure.js';
import { type ClusterLook, type ClusterShell, lookAtCluster, simulate } from './clusterShell.js';
import look from './nodeLook.sh';
import { localUri, readStanding, type Standing } from './vmOnNode.js';
import { requireSettled } from './takeOut.js';

interface PlannedVm extends ClusteredVm {
  readonly view: VmView;
  readonly standing: Standing;
  readonly snapshots: number;
}

export interface PlannedCluster {
  readonly vms: readonly PlannedVm[];
  readonly look: ClusterLook;
  readonly nodes: readonly (NodeRoom & { readonly id: string })[];
  /** As a person would type it. */
  readonly lines: readonly string[];
  /** Devices that cut the power of nodes. */
  readonly fencing: readonly string[];
  /** Other nodes that have the same files, and those that cannot be asked. */
  readonly same: readonly string[];
  readonly unknown: readonly string[];
  /** For libvirt on this host its storage is local: a move is a stop and a start. */
  readonly isLocal: boolean;
  /** What would run nowhere if a node failed. */
  readonly lost: readonly { readonly node: string; readonly resources: readonly string[] }[];
}

/** Part of a node's RAM that VMs may have. */
const roomForVms = 0.9;
/** The agent takes the name into shells, and into searches. */
const plainName = /^[A-Za-z][\w.-]*$/u;
/** File systems that libvirt treats as shared, as `stat` calls them. */
const sharedFolders = /^(?:nfs|gfs|ocfs2|cifs|smb|ceph|gpfs|afs|fuse|v9fs|lustre)/u;

/** @throws Failure */
export async function planGiven(
  engine: EnginePort,
  views: readonly VmView[],
  members: readonly SystemMember[],
  shell: ClusterShell,
): Promise<PlannedCluster> {
  const seen = await lookAtCluster(shell);
  const { state, here } = seen;
  requireReady(seen);
  const fencing = await requireFencing(shell, seen);
  const taken = new Set(state.ids);
  const vms: PlannedVm[] = [];
  const resources = new Map<string, string>();
  for (const view of inOrder(views, members)) {
    const vm = await plannedVm(engine, view, shell, newResourceId(view.vm.name, taken));
    taken.add(vm.resource);
    const member = members.find(({ uuid }) => uuid === view.ref.uuid);
    const after = (member?.after ?? []).flatMap((uuid) => resources.get(uuid) ?? []);
    const [beside] = member === undefined ? [] : resources.values();
    vms.push({ ...vm, after, ...(beside !== undefined && { beside }) });
    resources.set(view.ref.uuid, vm.resource);
  }
  const files = await filesOf(engine, vms);
  const looks = await lookAtNodes(shell, seen, [...files.keys()]);
  const unknown = requireSame(here, looks, files);
  const nodes = roomsToSet(seen, looks);
  const isLocal = await isOnLocal(shell, vms);
  const lost = await placesOf(shell, seen, vms, clusteredXml(vms, nodes));
  const pcs = await shell.ask('command', '-v', 'pcs');
  return {
    ...{ vms, look: seen, nodes, fencing, unknown, isLocal, lost },
    lines: clusteredLines(pcs.code === 0 ? 'pcs' : 'crm', vms, nodes),
    same: [...looks.keys()].filter((node) => node !== here && !unknown.includes(node)),
  };
}

/** @throws Failure */
function requireReady({ state, here }: ClusterLook): void {
  requireSettled(state);
  if (state.inMaintenance || state.nodes.find(({ name }) => name === here)?.takesVms !== true) {
    throw clusterFailure('resting');
  }
  if (!state.fences) {
    throw clusterFailure('notFencing');
  }
}

/** Each node by a device that answers. That the power goes is not tried. @throws Failure */
async function requireFencing({ ask }: ClusterShell, { state }: ClusterLook): Promise<readonly string[]> {
  const devices = new Set<string>();
  for (const { name: node } of state.nodes) {
    const { code, out } = await ask('stonith_admin', '--list', node);
    const listed = out
      .toString('utf8')
      .split('\n')
      .filter((line) => /^[\w.:-]+$/u.test(line));
    if (code !== 0 || listed.length === 0) {
      throw clusterFailure('notFenced', { node });
    }
    listed.forEach((device) => devices.add(device));
  }
  // That of the nodes themselves is no device of the cluster.
  for (const device of [...devices].filter((one) => one !== 'watchdog')) {
    const { code, said } = await ask('stonith_admin', '--query', device);
    if (code !== 0) {
      throw clusterFailure('fenceFails', { device, said: said || `exit code ${code}` });
    }
  }
  return [...devices];
}

/** Those that others come after first. */
function inOrder(views: readonly VmView[], members: readonly SystemMember[]): readonly VmView[] {
  const left = [...views];
  const ordered: VmView[] = [];
  while (left.length > 0) {
    const waits = ({ ref }: VmView): boolean =>
      members.some(({ uuid, after = [] }) => uuid === ref.uuid && left.some((other) => after.includes(other.ref.uuid)));
    // A circle was refused when the order was given.
    const at = Math.max(
      0,
      left.findIndex((one) => !waits(one)),
    );
    ordered.push(...left.splice(at, 1));
  }
  return ordered;
}

async function plannedVm(
  engine: EnginePort,
  view: VmView,
  shell: ClusterShell,
  resource: string,
): Promise<Omit<PlannedVm, 'after'>> {
  const { ref, vm } = view;
  const { name } = vm;
  const keeper = await engine.keeperOf(ref);
  if (typeof keeper !== 'string') {
    throw clusterFailure('kept', { vm: name, resource: keeper.resource });
  }
  if (!plainName.test(name)) {
    throw clusterFailure('oddName', { vm: name });
  }
  if (vm.power !== 'off' && vm.power !== 'running' && vm.power !== 'paused') {
    throw clusterFailure('neitherOnNorOff', { vm: name });
  }
  const hypervisor = localUri(ref.connection);
  const standing = await readStanding(shell, hypervisor, view);
  const { snapshots } = await engine.readTree(ref);
  if (snapshots.some(({ style }) => style === 'external')) {
    throw clusterFailure('external', { vm: name });
  }
  if (vm.managedSave) {
    throw clusterFailure('savedState', { vm: name });
  }
  const folder = standing.files.find((file) => !file.startsWith('/dev/'));
  if (folder === undefined) {
    throw clusterFailure('noFolder', { vm: name });
  }
  const { cpus, memoryMib, autostart } = standing;
  const config = await freePath(shell, posix.join(posix.dirname(folder), resource));
  return {
    ...{ view, standing, resource, hypervisor, cpus, memoryMib, autostart, config },
    snapshots: snapshots.length,
  };
}

/** Another cluster may start a VM of this name from the same folder. */
async function freePath(shell: ClusterShell, start: string): Promise<string> {
  const path = `${start}${configEnd}`;
  const { code } = await shell.ask('stat', '--', path);
  return code === 0 ? freePath(shell, `${start}-vm`) : path;
}

/** What each node must have, with the VM that it is of. */
async function filesOf(engine: EnginePort, vms: readonly PlannedVm[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const { view, standing } of vms) {
    const { files: seen } = await engine.readFiles(view.ref);
    const own = seen.flatMap(({ path, role, present }) =>
      present && ['disk', 'medium', 'uefiVariables', 'tpmState'].includes(role) ? [path] : [],
    );
    [...standing.files, ...own].forEach((path) => files.set(path, view.vm.name));
  }
  return files;
}

interface NodeLook {
  readonly cpus: number;
  readonly memoryMib: number;
  /** By path: its number on its file system. */
  readonly files: ReadonlyMap<string, string>;
}

/** Other nodes over ssh, as live migration needs it, too. */
async function lookAtNodes(
  { ask }: ClusterShell,
  { state, here }: ClusterLook,
  files: readonly string[],
): Promise<ReadonlyMap<string, NodeLook | undefined>> {
  const line = `${look}look_at ${files.map(shellWord).join(' ')}`;
  const looks = new Map<string, NodeLook | undefined>();
  for (const { name } of state.nodes) {
    const { code, out } = await (name === here ? ask('look_at', ...files) : ask('on_node', name, line));
    const [cpus = '', kib = '', ...stats] = out.toString('utf8').split('\n');
    const read = stats.flatMap((stat) => {
      const [, what, path] = /^(\d+) (\/.*)$/u.exec(stat) ?? [];
      return what === undefined || path === undefined ? [] : [[path, what] as const];
    });
    const isRead = code === 0 && /^\d+$/u.test(cpus) && /^\d+$/u.test(kib);
    const memoryMib = Math.floor((Number(kib) / 1024) * roomForVms);
    looks.set(name, isRead ? { cpus: Number(cpus), memoryMib, files: new Map(read) } : undefined);
  }
  return looks;
}

/** @returns nodes of which it is not known. @throws Failure `notShared` */
function requireSame(
  here: string,
  looks: ReadonlyMap<string, NodeLook | undefined>,
  files: ReadonlyMap<string, string>,
): readonly string[] {
  const unknown = new Set<string>();
  const mine = looks.get(here)?.files;
  for (const [node, there] of looks) {
    for (const [file, vm] of files) {
      const seen = there?.files.get(file);
      const isDevice = file.startsWith('/dev/');
      if (there !== undefined && (seen === undefined || (!isDevice && seen !== mine?.get(file)))) {
        throw clusterFailure('notOnNode', { vm, file, node });
      }
      // Whether two devices of one name are one is told by none.
      if (there === undefined || (node !== here && isDevice)) {
        unknown.add(node);
      }
    }
  }
  return [...unknown];
}

/** A cluster that counts room takes one of which it is not known for full. @throws Failure `roomUnknown` */
function roomsToSet(
  { state }: ClusterLook,
  looks: ReadonlyMap<string, NodeLook | undefined>,
): readonly (NodeRoom & { readonly id: string })[] {
  const wanting = state.countsRoom ? state.nodes.filter(({ room }) => room.size === 0) : [];
  return wanting.map(({ id, name }) => {
    const seen = looks.get(name);
    if (seen === undefined) {
      throw clusterFailure('roomUnknown', { node: name });
    }
    return { id, name, cpus: seen.cpus, memoryMib: seen.memoryMib };
  });
}

async function isOnLocal({ ask }: ClusterShell, vms: readonly PlannedVm[]): Promise<boolean> {
  const kinds = await Promise.all(vms.map(({ config }) => ask('stat', '-f', '-c', '%T', posix.dirname(config))));
  return kinds.some(({ out }) => !sharedFolders.test(out.toString('utf8')));
}

/**
 * The cluster's own simulation: nothing else may be stopped or moved by it.
 *
 * @returns what would be lost with each node
 * @throws Failure `noRoom`, `disturbs`
 */
async function placesOf(
  shell: ClusterShell,
  { state, here }: ClusterLook,
  vms: readonly PlannedVm[],
  change: string,
): Promise<PlannedCluster['lost']> {
  const found = vms.flatMap(({ resource, standing }) =>
    state.nodes.flatMap(({ name, takesVms }) => {
      const code = name === here && standing.id !== undefined ? 0 : 7;
      return takesVms ? ['--op-inject', `${resource}_monitor_0@${name}=${code}`] : [];
    }),
  );
  const { before, after } = await simulate(shell, change, ...found);
  for (const { resource, standing, view } of vms) {
    const at = after.get(resource) ?? [];
    if (standing.id === undefined ? at.length === 0 : at.join() !== here) {
      throw clusterFailure('noPlace', { vm: view.vm.name });
    }
  }
  for (const [resource, at] of before) {
    if (!vms.some((vm) => vm.resource === resource) && after.get(resource)?.join() !== at.join()) {
      throw clusterFailure('disturbs', { resource });
    }
  }
  const lost: { node: string; resources: string[] }[] = [];
  for (const { name: node } of state.nodes.filter(({ takesVms }) => takesVms)) {
    const then = await simulate(shell, change, ...found, '--node-fail', node);
    const resources = vms.map(({ resource }) => resource).filter((one) => (then.after.get(one) ?? []).length === 0);
    if (resources.length > 0) {
      lost.push({ node, resources });
    }
  }
  return lost;
}

// Hosts and VMs as placement knows them, read when somebody asks: a few calls and one shell for each host.
import { noLog } from '../../../base/log.js';
import { mapLimited } from '../../../base/mapLimited.js';
import type { HostLoad } from '../../../domain/hostLoad.js';
import { isActive, type Vm } from '../../../domain/vm.js';
import { isSameHost } from '../../../driver/sharedHost.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { LabStore } from '../../../journal/labStore.js';
import { SystemStore } from '../../../journal/systemStore.js';
import type { ConnectionView, VmView } from '../../../live/views.js';
import { openCopyShell } from '../../../transfer/copyShell.js';
import { isSameInode } from '../move/plannedMove.js';
import { seenOn, type SeenFile } from '../move/sides.js';
import type { Fleet, FleetHost, FleetVm, Staying } from './fleet.js';

export interface ReadHost extends FleetHost, Pick<HostLoad, 'sleeps' | 'pools'> {}

export interface ReadFleet extends Fleet {
  readonly hosts: readonly ReadHost[];
}

interface ReadOptions {
  /** The folder of the session. */
  readonly folder: string;
  readonly isProtected: (vm: Vm) => boolean;
  readonly signal: AbortSignal;
}

const hostsAtOnce = 8;
const pathsAtOnce = 100;

/** Those hosts that are connected, each by one of its names. Rejects with a Failure where one does not answer. */
export async function readFleet(engine: EnginePort, options: ReadOptions): Promise<ReadFleet> {
  const connections = engine.connections.filter(
    ({ state, capabilities }, at, all) =>
      state === 'connected' &&
      capabilities?.driver === 'qemu' &&
      !all.slice(0, at).some((other) => isSameHost(other.capabilities, capabilities)),
  );
  const read = await mapLimited(connections, hostsAtOnce, (connection) => readHost(engine, connection));
  const views = read.flatMap(({ uri }) => engine.connections.find((one) => one.uri === uri)?.vms ?? []);
  const paths = [...new Set(views.flatMap(pathsOf))];
  const seen = new Map(
    await mapLimited(read, hostsAtOnce, async ({ uri, closed }) => {
      const files =
        closed === 'noLogin' ? new Map<string, SeenFile>() : await filesOn(engine, uri, paths, options.signal);
      return [uri, files] as const;
    }),
  );
  const staying = await readStaying(views, options);
  return {
    hosts: read.map(({ load: _, ...host }) => host),
    vms: read.flatMap(({ uri, load }) =>
      views
        .filter(({ ref }) => ref.connection === uri)
        .map((view): FleetVm => {
          const { vm, layers, tree, snapshotCount } = view;
          const stays = staying(view);
          const own = pathsOf(view);
          const { processors = 1, ...taken } = load.vms.get(vm.uuid) ?? {};
          const sizes = layers?.disks.flatMap((disk) => disk.layers.map(({ allocatedBytes }) => allocatedBytes)) ?? [];
          return {
            ...{ uuid: vm.uuid, name: vm.name, host: uri, power: vm.power, memoryBytes: vm.memoryBytes },
            ...{ processors, ...taken, snapshots: tree?.snapshots.length ?? snapshotCount ?? 0 },
            fileBytes: sizes.reduce<number>((sum, bytes) => sum + (bytes === 'unknown' ? 0 : bytes), 0),
            sharedOn: new Set(
              read.flatMap((other) =>
                other.uri === uri || haveSame(own, seen.get(uri), seen.get(other.uri)) ? [other.uri] : [],
              ),
            ),
            ...(stays !== undefined && { stays }),
          };
        }),
    ),
  };
}

async function readHost(
  engine: EnginePort,
  { uri, name, capabilities, readOnly }: ConnectionView,
): Promise<ReadHost & { readonly load: HostLoad }> {
  const [{ elsewhere, load }, , free] = await Promise.all([
    engine.withCopies(uri, async (copies) => ({ elsewhere: copies.elsewhere, load: await copies.hostLoad() })),
    engine.sweep(uri),
    engine.guests.freeMemoryOf(uri),
  ]);
  const isClosed =
    readOnly === true ||
    capabilities?.readOnly === true ||
    (await engine.requireOpen(uri).then(
      () => false,
      () => true,
    ));
  const { memoryBytes, processors, availableBytes = 0, busy, sleeps, pools } = load;
  return {
    ...{ uri, name: name ?? capabilities?.hostname ?? uri, load, sleeps, pools },
    ...{ processors: Math.max(1, processors), memoryBytes: Math.max(1, memoryBytes) },
    availableBytes: free ?? availableBytes,
    ...(busy !== undefined && { busy }),
    ...(isClosed ? { closed: 'readOnly' as const } : elsewhere ? { closed: 'noLogin' as const } : {}),
  };
}

/** The paths of its disks; media, and what is no file, stay where they are. */
function pathsOf({ vm, layers }: VmView): readonly string[] {
  const disks = vm.disks.filter(({ device }) => device === 'disk' || device === 'lun');
  const targets = new Set(disks.map(({ target }) => target));
  const told = layers?.disks.filter(({ target }) => targets.has(target)).flatMap((disk) => disk.layers) ?? [];
  return [
    ...new Set([
      ...disks.flatMap(({ source, backing = [] }) => (source === undefined ? [] : [source, ...backing])),
      ...told.map(({ file }) => file),
    ]),
  ];
}

async function filesOn(
  engine: EnginePort,
  connection: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SeenFile>> {
  const shell = await openCopyShell(await engine.openHost(connection, 'toRead'), signal);
  try {
    const seen = new Map<string, SeenFile>();
    for (let at = 0; at < paths.length; at += pathsAtOnce) {
      (await seenOn({ shell }, paths.slice(at, at + pathsAtOnce))).forEach((file, path) => seen.set(path, file));
    }
    return seen;
  } finally {
    shell.close();
  }
}

type SeenFiles = ReadonlyMap<string, SeenFile> | undefined;

function haveSame(paths: readonly string[], here: SeenFiles, there: SeenFiles): boolean {
  return paths.every((path) => {
    const file = here?.get(path);
    return file !== undefined && isSameInode(file, there?.get(path));
  });
}

/** What a move would refuse, or nobody may have meant. */
async function readStaying(
  views: readonly VmView[],
  { folder, isProtected }: ReadOptions,
): Promise<(view: VmView) => Staying | undefined> {
  const [labs, { systems }] = await Promise.all([
    new LabStore(folder, noLog).list(),
    new SystemStore(folder, noLog).list(),
  ]);
  const ofLabs = new Set(labs.flatMap(({ vms }) => vms.map(({ uuid }) => uuid)));
  const ofSystems = new Set(systems.flatMap(({ system }) => system.members.map(({ uuid }) => uuid)));
  const counts = new Map<string, number>();
  views.forEach(({ ref: { uuid } }) => counts.set(uuid, (counts.get(uuid) ?? 0) + 1));
  return ({ vm }) =>
    isProtected(vm)
      ? 'protected'
      : ofLabs.has(vm.uuid)
        ? 'lab'
        : ofSystems.has(vm.uuid)
          ? 'system'
          : (counts.get(vm.uuid) ?? 0) > 1
            ? 'twice'
            : isActive(vm.power) && vm.devices?.includes('hostDevice') === true
              ? 'devices'
              : ['running', 'paused', 'off'].includes(vm.power)
                ? undefined
                : 'state';
}

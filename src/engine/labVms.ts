// The VMs that labs and lessons make on their connections, and the list of VMs read anew behind it. One goes when
// nobody else rests on what goes with it.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { MadeFile } from '../domain/hostFiles.js';
import type { LabVm, variablesName } from '../domain/labVm.js';
import { ownStateCopies } from '../domain/chains/stateCopies.js';
import { isOwnDisk } from '../domain/vm.js';
import { newId } from '../journal/durable.js';
import type { Hypervisor } from '../driver/hypervisor.js';
import type { LiveConnection } from '../live/liveConnection.js';
import type { EnginePort, LabVmsPort, RemovalTurn } from './enginePort.js';

type WithConnection = <T>(uri: string, question: (live: LiveConnection) => Promise<T>) => Promise<T>;
type AskInUse = EnginePort['filesInUse'];

export function labVms(
  ask: WithConnection,
  { filesInUse, leaseAll, dismissInterrupted }: Pick<EnginePort, 'filesInUse' | 'leaseAll' | 'dismissInterrupted'>,
): LabVmsPort {
  return {
    obstacle: (connection, vms) => ask(connection, async (live) => (await live.open()).labVms.obstacle(vms)),
    make: (vm, parts, onMade) =>
      ask(vm.connection, async (live) => {
        const hypervisor = await live.open();
        await hypervisor.labVms.make(vm, parts, onMade);
        const definition = digestOf(await hypervisor.readVmXml(vm.uuid));
        await live.refresh();
        return definition;
      }),
    networkState: (network) =>
      ask(network.connection, async (live) => (await live.open()).labVms.networkState(network)),
    networkUsers: (network) =>
      ask(network.connection, async (live) => (await live.open()).labVms.networkUsers(network)),
    makeNetwork: (network) => ask(network.connection, async (live) => (await live.open()).labVms.makeNetwork(network)),
    removeNetwork: (network) =>
      ask(network.connection, async (live) => (await live.open()).labVms.removeNetwork(network)),
    filesOf: (vm, made) => ask(vm.connection, async (live) => filesOf(await live.open(), vm, made)),
    whileHeld: async (vms, work) => {
      for (const uri of new Set(vms.map(({ connection }) => connection))) {
        const heads = await ask(uri, async (live) => (await live.open()).listVms());
        const there = new Set(heads.map(({ uuid }) => uuid));
        // Nothing brings that to an end, and nobody could name the VM to have it forgotten.
        for (const vm of vms.filter(({ connection, uuid }) => connection === uri && !there.has(uuid))) {
          await dismissInterrupted(vm);
        }
      }
      const requests = vms.map(
        ({ connection, uuid }) => ({ kind: 'wing', of: 'remove', vm: { connection, uuid } }) as const,
      );
      const remove: RemovalTurn['remove'] = (vm, made, unused) =>
        ask(vm.connection, async (live) => {
          const left = await removeVm(await live.open(), vm, made, filesInUse, unused);
          await live.refresh();
          return left;
        });
      // Nobody reverts or merges what goes, and nothing unfinished is taken from under its journal.
      return leaseAll({ id: newId(), requests }, (lease) => work({ ...lease, remove }));
    },
  };
}

/** @throws Failure `refused` where a file stays: then nothing was removed */
export async function removeVm(
  { labVms: maker }: Pick<Hypervisor, 'labVms'>,
  vm: LabVm,
  made: readonly MadeFile[],
  filesInUse: AskInUse,
  unused?: 'unused',
): Promise<readonly string[]> {
  const { connection, uuid, name } = vm;
  const inUse = (files: readonly string[]): ReturnType<AskInUse> => filesInUse(connection, files, [uuid]);
  const [refusal] = (await inUse(made.map(({ path }) => path))).values();
  if (refusal !== undefined) {
    throw new Failure('refused', { vm: name, connection, refusal });
  }
  return maker.remove(vm, made, inUse, unused);
}

/** What a version that wrote down no files has made. */
const namesOfBefore = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  .map((letter) => `disk-${letter}.qcow2`)
  .concat('kernel', 'initrd', 'seed.iso', 'base.qcow2', 'lesson.bin');

/**
 * Files that were made and are still the same; and what the VM and its snapshots have put beside them.
 * @throws Failure `refused` where libvirt has another VM under its UUID
 */
export async function filesOf(
  hypervisor: Pick<Hypervisor, 'files' | 'readReferences' | 'readTree' | 'readFrozen' | 'labVms'>,
  vm: LabVm,
  made: readonly MadeFile[] | undefined,
): Promise<readonly MadeFile[]> {
  const { uuid, folder } = vm;
  await hypervisor.labVms.requireOwn(vm);
  const identify = (paths: readonly string[]): Promise<readonly MadeFile[]> => identifyFiles(hypervisor, paths);
  const pathOf = (name: string): string => posix.join(folder, name);
  // What the editor loads first has the type alone.
  const name: typeof variablesName = 'uefi-vars.fd';
  const variables = pathOf(name);
  const written = made ?? [{ path: folder }, ...(await identify(namesOfBefore.map(pathOf)))];
  // Whatever file it is now: libvirt created it, or a revert.
  const recorded = written.filter(({ path }) => path !== variables);
  const now = new Map((await identify(recorded.map(({ path }) => path))).map((one) => [one.path, one.identity]));
  const same = recorded.filter(({ path, identity }) => identity === (now.get(path) ?? identity));
  const targets = new Set(same.map(({ path }) => targetOf(posix.basename(path))));
  const isOwn = (target: string): boolean => targets.has(target);
  const [named, tree] = await Promise.all([hypervisor.readReferences(uuid), hypervisor.readTree(uuid)]).catch(
    (error: unknown): [undefined?, undefined?] => {
      if (asFailure(error).kind !== 'notFound') {
        throw error;
      }
      return [];
    },
  );
  const hasVariables = named?.nvram === variables || recorded.length < written.length;
  // A layer that a revert has made is no overlay of a snapshot: one that was taken on it names it as its disk.
  const frozen = await Promise.all((tree?.snapshots ?? []).map(({ name }) => hypervisor.readFrozen(uuid, name)));
  const beside = [
    ...[named, ...frozen].flatMap((one) =>
      (one?.disks ?? []).flatMap((disk) => (isOwn(disk.target) && isOwnDisk(disk) ? (disk.source ?? []) : [])),
    ),
    ...(hasVariables
      ? [variables, ...(tree?.snapshots ?? []).flatMap((one) => ownStateCopies({ nvram: variables }, one))]
      : []),
    ...(tree?.snapshots ?? []).flatMap(({ memory, disks, revertDisks = [] }) => [
      ...(memory.file === undefined ? [] : [memory.file]),
      ...[...disks, ...revertDisks].flatMap(({ target, file }) => (isOwn(target) ? (file ?? []) : [])),
    ]),
  ];
  const known = new Set(recorded.map(({ path }) => path));
  const own = [...new Set(beside)].filter((path) => posix.dirname(path) === folder && !known.has(path));
  return [...same, ...(await identify(own))];
}

/** Those that are there. What nobody can look at is not known to be ours. */
export async function identifyFiles(
  { files }: Pick<Hypervisor, 'files'>,
  paths: readonly string[],
): Promise<readonly MadeFile[]> {
  const all = await Promise.all(paths.map(async (path) => ({ path, identity: await files.identity(path) })));
  return all.flatMap(({ path, identity }) => (identity === undefined ? [] : [{ path, identity }]));
}

/** A disk that somebody plugs in besides is theirs. */
function targetOf(name: string): string {
  return name === 'base.qcow2' ? 'vda' : name.replace(/^disk-([a-z])\.qcow2$/u, 'vd$1');
}

/** A digest of a VM's XML: another value means that somebody changed it. */
export function digestOf(xml: string): string {
  return createHash('sha256').update(xml).digest('hex');
}

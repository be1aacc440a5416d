// Forks: VMs that go on beside one that runs, from one moment of it, each on disks of its own. One snapshot with RAM is
// the moment; the children are clones of it, and go one by one or all. What can be refused is refused before it.
import { type CloneNetwork, freeCloneName, mostForks } from '../domain/clone.js';
import { Failure, type Leftover } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import { refuse } from '../domain/refusal.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import { copiesRam } from '../domain/ramHandover.js';
import { freeTitle } from '../domain/snapshotName.js';
import { snapshotableDisks, type VmRef } from '../domain/vm.js';
import type { Decision, Plan } from '../operations/plan.js';
import { type CloneWish, cloneRequest, makeClone, throwAwayUnused } from './clones.js';
import type { EnginePort } from './enginePort.js';
import { addLeftovers } from './run/failureState.js';

export interface ForkWish {
  /** 1 unless told otherwise. */
  readonly count?: number;
  /** An external snapshot with RAM; absent: one is taken now. */
  readonly snapshot?: string;
  /** The children are called after it, with a number. */
  readonly name?: string;
  /**
   * Absent: `unplugged`, unless it is of now and nobody else is in the network of the VM: each fork has one of its own
   * then.
   */
  readonly network?: CloneNetwork;
  readonly disposable?: true;
  /** The guest stands still for some milliseconds alone, where that can be had. */
  readonly seamless?: true;
  readonly signal?: AbortSignal;
  readonly onMade?: (made: number, of: number) => void;
}

export interface Forks {
  /** What they all begin with. */
  readonly snapshot: string;
  readonly children: readonly VmRef[];
}

type ForkEngine = Pick<
  EnginePort,
  'connections' | 'decide' | 'findVm' | 'readTree' | 'refresh' | 'runOperation' | 'usesSinceMade'
> & {
  readonly guests: Pick<EnginePort['guests'], 'settleFork' | 'freeMemoryOf' | 'networksOf'>;
};

/** QEMU's own, beside the guest's RAM. */
const perQemu = 128 * 1024 * 1024;

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;

/** The snapshot that is created for the forks, and stays on the VM. */
export interface ForkPoint {
  readonly request: CreateRequest;
  /** At most. */
  readonly bytes: number;
}

/**
 * Changes nothing.
 * @returns the snapshot that forks would need; undefined where they begin with one that exists
 * @throws Failure `refused` where no fork could be made
 */
export async function planForkPoint(
  engine: Omit<ForkEngine, 'refresh' | 'runOperation'>,
  vm: VmRef,
  { count = 1, snapshot, name, network: wanted, seamless }: ForkWish = {},
): Promise<ForkPoint | undefined> {
  await requireMemory(engine, vm, count);
  const network = wanted ?? (await usualNetwork(engine, vm, snapshot));
  const clone = forkRequest(engine, vm, { name, network, ...(snapshot !== undefined && { snapshot }) });
  if (snapshot !== undefined) {
    const [{ decision }] = await engine.decide([clone]);
    requirePossible(engine, vm, decision);
    return undefined;
  }
  requireRoom(engine, vm);
  const { snapshots } = await engine.readTree(vm);
  const request: CreateRequest = {
    kind: 'create',
    vm,
    title: freeTitle('Fork point', snapshots),
    snapshotKind: 'memory',
    style: 'external',
    live: true,
    // The VM pauses as short as it can be had here.
    ...(seamless !== undefined && { seamless }),
  };
  const [fork, point] = await engine.decide([clone, request]);
  // RAM in a file is what the snapshot brings: nothing else may be missing.
  if (fork.decision.kind === 'refusal' && fork.decision.refusal.reason !== 'forkNeedsRam') {
    requirePossible(engine, vm, fork.decision);
  }
  return { request, bytes: requirePossible(engine, vm, point.decision).spaceBytes ?? 0 };
}

function requirePossible(engine: Pick<ForkEngine, 'findVm'>, ref: VmRef, decision: Decision): Plan {
  if (decision.kind === 'refusal') {
    const vm = engine.findVm(ref)?.vm.name ?? ref.uuid;
    throw new Failure('refused', { vm, connection: ref.connection, refusal: decision.refusal });
  }
  return decision;
}

function forkRequest(
  engine: Pick<ForkEngine, 'connections' | 'findVm'>,
  vm: VmRef,
  { name, ...wish }: Omit<CloneWish, 'name'> & { readonly name: string | undefined },
): Extract<OperationRequest, { kind: 'clone' }> {
  return { ...cloneRequest(engine, vm, { ...wish, name: nameOf(engine, vm, name) }), ram: 'kept' };
}

/**
 * All of them, or none: where one fails, those that were made go again. The snapshot stays.
 * @throws Failure
 */
export async function forkVm(engine: ForkEngine, vm: VmRef, wish: ForkWish = {}): Promise<Forks> {
  const { count = 1, disposable, signal, onMade } = wish;
  const options = signal === undefined ? {} : { signal };
  await requireMemory(engine, vm, count);
  const network = wish.network ?? (await usualNetwork(engine, vm, wish.snapshot));
  const snapshot = wish.snapshot ?? (await takeMoment(engine, vm, wish, options));
  const children: { readonly ref: VmRef; readonly name: string }[] = [];
  // While the next one is made: it takes a guest half the time that its making took.
  const settling: Promise<void>[] = [];
  try {
    for (let number = 0; number < count; number++) {
      onMade?.(number, count);
      const request = forkRequest(engine, vm, {
        name: wish.name,
        network,
        snapshot,
        ...(disposable === undefined ? {} : { disposable }),
      });
      const ref = await makeClone(engine, request, options);
      children.push({ ref, name: request.clone.name });
      settling.push(settleFork(engine, ref));
    }
    await Promise.all(settling);
  } catch (error) {
    await Promise.all(settling);
    const left = await throwAllAway(engine, children);
    throw addLeftForks(error, left, wish.snapshot === undefined ? snapshot : undefined);
  }
  return { snapshot, children: children.map(({ ref }) => ref) };
}

/** Good without. Never rejects. */
async function settleFork(engine: ForkEngine, fork: VmRef): Promise<void> {
  if (engine.findVm(fork)?.vm.agentChannel === true) {
    // The keeper of the connection reports its loss.
    await engine.guests.settleFork(fork).catch(() => undefined);
  }
}

/** Each of them, whatever becomes of the others. @returns those that are still there */
async function throwAllAway(
  engine: ForkEngine,
  children: readonly { readonly ref: VmRef; readonly name: string }[],
): Promise<readonly Leftover[]> {
  const left: Leftover[] = [];
  for (const { ref, name: vm } of children) {
    try {
      const uses = await throwAwayUnused(engine, ref, vm);
      if (uses.length > 0) {
        left.push({ kind: 'vm', vm, used: true });
      }
    } catch {
      // The log has why, as of every operation; what it was done for tells who is left.
      left.push({ kind: 'vm', vm });
    }
  }
  return left;
}

/**
 * The first failure is the one to be told. What came to nothing for it alone was not all: nobody may read that the VM
 * is as it was before where a snapshot was taken of it.
 *
 * @param moment the snapshot that was taken for the forks
 */
function addLeftForks(error: unknown, forks: readonly Leftover[], moment: string | undefined): unknown {
  if (!(error instanceof Failure) || (forks.length === 0 && moment === undefined)) {
    return error;
  }
  const left: readonly Leftover[] = [
    ...(moment === undefined ? [] : [{ kind: 'snapshot', snapshot: moment } as const]),
    ...forks,
  ];
  const failure = addLeftovers(error, left, moment !== undefined);
  return moment !== undefined && error.kind === 'refused'
    ? new Failure('stopped', failure.details, { cause: error })
    : failure;
}

async function takeMoment(
  engine: ForkEngine,
  vm: VmRef,
  wish: ForkWish,
  options: { signal?: AbortSignal },
): Promise<string> {
  const point = await planForkPoint(engine, vm, wish);
  const { snapshot } = point === undefined ? {} : await engine.runOperation(point.request, options);
  if (snapshot === undefined) {
    throw new Failure('failed', { vm: vm.uuid });
  }
  return snapshot;
}

function nameOf(engine: Pick<ForkEngine, 'connections' | 'findVm'>, vm: VmRef, name: string | undefined): string {
  const beside = engine.connections.find(({ uri }) => uri === vm.connection)?.vms ?? [];
  const taken = new Set(beside.map((view) => view.vm.name));
  return name !== undefined && !taken.has(name)
    ? name
    : freeCloneName(name ?? engine.findVm(vm)?.vm.name ?? 'vm', taken, 'fork');
}

/** @param snapshot with one, the VM may have been in other networks then than now */
async function usualNetwork(
  { guests }: Pick<ForkEngine, 'guests'>,
  vm: VmRef,
  snapshot: string | undefined,
): Promise<CloneNetwork> {
  return snapshot === undefined && (await guests.networksOf(vm)).length === 0 ? 'same' : 'unplugged';
}

/** Each child may come to have all of its RAM to itself. */
async function requireMemory(engine: Pick<ForkEngine, 'findVm' | 'guests'>, ref: VmRef, count: number): Promise<void> {
  const vm = engine.findVm(ref)?.vm;
  if (vm === undefined) {
    return;
  }
  const bytes = count * (vm.memoryBytes + perQemu);
  const free = (await engine.guests.freeMemoryOf(ref.connection)) ?? bytes;
  if (count > mostForks || bytes > free) {
    const { refusal } = refuse('forkNeedsMemory', {
      vm: vm.name,
      count: String(count),
      bytes: String(bytes),
      free: String(free),
    });
    throw new Failure('refused', { vm: vm.name, refusal });
  }
}

/**
 * For the file with the RAM and a copy of it, where this libvirt needs one: else that would be found out when the
 * moment is taken. What is not known here is found out then.
 */
function requireRoom(engine: Pick<ForkEngine, 'connections' | 'findVm'>, ref: VmRef): void {
  const { vm, layers } = engine.findVm(ref) ?? {};
  const libvirt = engine.connections.find(({ uri }) => uri === ref.connection)?.capabilities?.libvirt;
  if (vm === undefined || libvirt === undefined || copiesRam(libvirt) !== 'yes') {
    return;
  }
  const [file] = snapshotableDisks(vm).flatMap(({ source }) => source ?? []);
  const folder = file === undefined ? undefined : folderOf(file);
  const free = layers?.rooms.find((room) => room.folder === folder)?.freeBytes;
  const bytes = 2 * vm.memoryBytes;
  if (folder !== undefined && typeof free === 'number' && free < bytes) {
    const { refusal } = refuse('noSpaceFor', { vm: vm.name, folder, bytes: String(bytes), free: String(free) });
    throw new Failure('refused', { vm: vm.name, refusal });
  }
}

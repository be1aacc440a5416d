// Clones for who needs a VM for a while: made of a restore point or of a VM that is off, found in the engine at
// once, thrown away with all that was made for them. Each is an operation like any other, and told so.
import { randomUUID } from 'node:crypto';
import { type CloneNetwork, freeCloneName, type CloneWay, type UseOfVm } from '../domain/clone.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import type { VmRef } from '../domain/vm.js';
import type { EnginePort } from './enginePort.js';
import type { RunOperationOptions } from './operationRunner.js';

export interface CloneWish {
  /** Absent: made of the VM's name. */
  readonly name?: string;
  /** Name of the snapshot that it begins with; absent: the current state of a VM that is off. */
  readonly snapshot?: string;
  /** `linked` unless told otherwise. */
  readonly way?: CloneWay;
  /** `same` unless told otherwise. */
  readonly network?: CloneNetwork;
  /** It goes when it is off. */
  readonly disposable?: true;
}

type CloneRequest = Extract<OperationRequest, { kind: 'clone' }>;
type CloneEngine = Pick<EnginePort, 'connections' | 'findVm' | 'refresh' | 'runOperation'>;

/** With a UUID, and a name that no VM of the connection has. */
export function cloneRequest(
  engine: Pick<CloneEngine, 'connections' | 'findVm'>,
  vm: VmRef,
  { name, snapshot, way = 'linked', network = 'same', disposable }: CloneWish,
): CloneRequest {
  const beside = engine.connections.find(({ uri }) => uri === vm.connection)?.vms ?? [];
  const taken = new Set(beside.map((view) => view.vm.name));
  return {
    kind: 'clone',
    vm,
    clone: { uuid: randomUUID(), name: name ?? freeCloneName(engine.findVm(vm)?.vm.name ?? 'vm', taken) },
    way,
    network,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(disposable === undefined ? {} : { disposable }),
  };
}

/** Off, and in the engine. @throws Failure; `refused` says why it cannot be made */
export async function makeClone(
  engine: CloneEngine,
  request: CloneRequest,
  options: Parameters<CloneEngine['runOperation']>[1] = {},
): Promise<VmRef> {
  await engine.runOperation(request, options);
  const ref = { connection: request.vm.connection, uuid: request.clone.uuid };
  await engine.refresh({ vm: ref });
  return ref;
}

/**
 * On or off; one that has gone by itself is what was wanted.
 * @throws Failure; `refused` where it is no clone, or another VM rests on it
 */
export async function throwAway(
  engine: Pick<CloneEngine, 'runOperation'>,
  vm: VmRef,
  options: Parameters<CloneEngine['runOperation']>[1] = {},
): Promise<void> {
  try {
    await engine.runOperation({ kind: 'discard', vm }, options);
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'notFound') {
      throw error;
    }
  }
}

/**
 * One that was made to be used for a while, where nobody is asked: it stays where somebody has more to lose with it.
 * @param name as it was made
 * @returns what was done with it, where it stays
 * @throws as `throwAway`
 */
export async function throwAwayUnused(
  engine: Pick<EnginePort, 'runOperation' | 'usesSinceMade'>,
  vm: VmRef,
  name: string,
  options: Pick<RunOperationOptions, 'unasked'> = {},
): Promise<readonly UseOfVm[]> {
  const uses = await engine.usesSinceMade(vm, { name, files: [], started: 'lent' });
  if (uses.length === 0) {
    // Its own turn has come by now: what somebody did meanwhile is seen again.
    const allows: NonNullable<RunOperationOptions['allows']> = (_, { tree }) => tree.snapshots.length === 0;
    await throwAway(engine, vm, { ...options, allows });
  }
  return uses;
}

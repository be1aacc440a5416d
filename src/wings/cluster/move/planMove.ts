// What a move would do, or why it cannot be: of any VM, and of one that is off. Changes nothing.
import { posix } from 'node:path';
import { noLog } from '../../../base/log.js';
import type { StandingVm } from '../../../domain/copiedVm.js';
import { orNamed } from '../../../domain/asFailure.js';
import { Failure } from '../../../domain/failure.js';
import { refuse } from '../../../domain/refusal.js';
import { hasTpm, isActive, type PowerState, type VmRef } from '../../../domain/vm.js';
import type { VmFile } from '../../../domain/vmFiles.js';
import { isSameHost } from '../../../driver/sharedHost.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { LabStore } from '../../../journal/labStore.js';
import { SystemStore } from '../../../journal/systemStore.js';
import { countSnapshots, type VmView } from '../../../live/views.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { lookAtVm, type VmLook } from '../../../transfer/lookAtVm.js';
import { clusterFailure } from '../clusterFailure.js';
import { requireUnmarked, stagesOf } from './moveMarks.js';
import { planLive } from './planLive.js';
import {
  describeFiles,
  isSame,
  mediaMissing,
  placeOf,
  type PlannedFile,
  type PlannedMove,
  requireAlone,
  requireKnown,
  requirePlace,
} from './plannedMove.js';
import { seenOn, type Side, type Sides } from './sides.js';

interface PlanWish {
  /** The folder of the session. */
  readonly folder: string;
  /** The address of the other host, for QEMU here; absent: by one of its names. */
  readonly address?: string;
}

/** @throws Failure */
export function planMove(engine: EnginePort, view: VmView, sides: Sides, wish: PlanWish): Promise<PlannedMove> {
  return orNamed({ vm: view.vm.name, host: sides.to.name }, () => planBetween(engine, view, sides, wish));
}

async function planBetween(
  engine: EnginePort,
  view: VmView,
  sides: Sides,
  { folder, address }: PlanWish,
): Promise<PlannedMove> {
  requireOtherHost(engine, sides.from.connection, sides.to.connection);
  await requireFree(engine, view, sides, folder);
  if ((await engine.readInterrupted(view.ref)).length > 0) {
    throw transferFailure('unfinished');
  }
  // What an interrupted move has put there is in the way of this one, too: that is not the reason.
  await requireUnmarked(sides, await stagesOfAny(engine, view.ref));
  const standing = await requireWelcome(view, sides);
  const planned = await (standing.isOff ? planOff(engine, view, sides) : planLive(engine, view, sides, address));
  return { ...planned, standing };
}

/** The stages of a move of the VM while it is off, and of one while it runs. */
async function stagesOfAny(engine: EnginePort, ref: VmRef): Promise<readonly string[]> {
  const { files } = await engine.readFiles(ref);
  const bases = files.flatMap(({ path, role }) =>
    role === 'medium' || role === 'metadata' ? [] : [placeOf(path, role, ref), { base: posix.dirname(path) }],
  );
  return [...stagesOf([], ref.uuid), ...stagesOf(bases, ref.uuid)];
}

async function planOff(engine: EnginePort, view: VmView, sides: Sides): Promise<Omit<PlannedMove, 'standing'>> {
  const { from, to } = sides;
  const { ref } = view;
  const look = await lookAtVm(engine, view, from.host);
  const { documents, special } = look;
  if (special[0] !== undefined) {
    throw transferFailure('oddDisk', { disk: special[0] });
  }
  const needs = await requireKnown(to, documents);
  const { files: seen } = await engine.readFiles(ref);
  const moved = await movedFiles(view, seen, look, sides);
  const there = await seenOn(
    to,
    moved.map(({ path }) => path),
  );
  const shared = moved.filter((file) => isSame(file, there.get(file.path)));
  const send = moved.filter((file) => !shared.includes(file));
  await requirePlace(view, send, look.needed, sides);
  const { requireUnchanged } = look;
  return { view, documents, needs, requireUnchanged, send, shared, mediaMissing: await mediaMissing(seen, to) };
}

/** Two names of one daemon, or two daemons of one host, whose paths are the same. */
function requireOtherHost(engine: EnginePort, from: string, to: string): void {
  const [mine, theirs] = [from, to].map((uri) => engine.connections.find((one) => one.uri === uri)?.capabilities);
  if (from === to || isSameHost(mine, theirs)) {
    throw clusterFailure('sameHost');
  }
}

const movable: ReadonlySet<PowerState> = new Set(['off', 'running', 'paused']);

async function requireFree(
  engine: EnginePort,
  view: VmView,
  { from, to: { connection: to } }: Sides,
  folder: string,
): Promise<void> {
  const { vm, ref } = view;
  if (!movable.has(vm.power)) {
    throw clusterFailure('neitherOnNorOff');
  }
  const lab = (await new LabStore(folder, noLog).list()).find(({ vms }) => vms.some(({ uuid }) => uuid === ref.uuid));
  if (lab !== undefined) {
    throw clusterFailure('ofLab', { lab: lab.name });
  }
  // A system finds its VMs by their connections, so back is allowed.
  const { systems } = await new SystemStore(folder, noLog).list();
  const system = systems.find(({ system: { members } }) =>
    members.some(({ connection, uuid }) => uuid === ref.uuid && connection !== to),
  );
  if (system !== undefined) {
    throw clusterFailure('ofSystem', { system: system.system.name });
  }
  await requireUnkept(engine, view, from);
}

/** @throws Failure; also where the host is gone */
export async function requireUnkept(engine: EnginePort, view: VmView, { shell }: Side): Promise<void> {
  const { vm, ref } = view;
  const keeper = await engine.keeperOf(ref);
  if (keeper === 'unknown') {
    // A host that is gone is another reason.
    await shell.run(':');
    const { refusal } = refuse('clusterKeepsOn', { vm: vm.name, resource: '', message: 'crm_mon' });
    throw new Failure('refused', { vm: vm.name, refusal });
  }
  // Also one that a person has it leave alone: given back, the cluster would look for the VM where it was.
  if (typeof keeper === 'object') {
    const { resource } = keeper;
    throw clusterFailure('ofCluster', { resource, snapshots: countSnapshots(view) !== 0 });
  }
}

async function requireWelcome({ vm, ref }: VmView, { from, to }: Sides): Promise<StandingVm> {
  const obstacle = await to.ask((copies) => copies.obstacle({ name: vm.name, uuid: ref.uuid }));
  if (obstacle !== undefined && obstacle !== 'otherHost') {
    throw clusterFailure(obstacle);
  }
  const standing = await from.ask((copies) => copies.standing(ref.uuid));
  if (standing === undefined || standing.isOff === isActive(vm.power)) {
    throw clusterFailure('changed');
  }
  if (standing.checkpoints > 0) {
    throw clusterFailure('checkpoints');
  }
  return standing;
}

async function movedFiles(
  { vm, ref }: VmView,
  seen: readonly VmFile[],
  look: VmLook,
  sides: Sides,
): Promise<readonly PlannedFile[]> {
  const state = seen.filter(
    ({ role, seen: how }) => (role === 'savedState' || role === 'tpmState') && how !== 'missing',
  );
  const isUnknown =
    (vm.managedSave && !state.some(({ role }) => role === 'savedState')) ||
    (hasTpm(vm) && vm.tpmState === undefined) ||
    state.some(({ seen: how }) => how !== 'there');
  if (isUnknown) {
    throw clusterFailure('stateUnknown');
  }
  requireAlone(seen);
  const stored = look.files.flatMap(({ path, role, content }) => (content === 'stored' ? [{ path, role }] : []));
  const all = [...stored, ...state.map(({ path, role }) => ({ path, role: role as 'savedState' | 'tpmState' }))];
  return describeFiles(ref, all, sides);
}

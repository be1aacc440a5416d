// What a move of a VM that is off would do, or why it cannot be. Changes nothing.
import { posix } from 'node:path';
import { noLog } from '../../../base/log.js';
import type { VmDocuments } from '../../../domain/copiedVm.js';
import { hasTpm, isActive, type VmRef } from '../../../domain/vm.js';
import type { VmFile } from '../../../domain/vmFiles.js';
import { isSameHost } from '../../../driver/sharedHost.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { LabStore } from '../../../journal/labStore.js';
import type { VmView } from '../../../live/views.js';
import { lookAtVm, type VmLook } from '../../copies/vm/lookAtVm.js';
import { MoveFault } from '../moveFault.js';
import type { MovedFile } from './moveStore.js';
import { requireRun, seenOn, type SeenFile, type Sides } from './sides.js';

export interface PlannedMove {
  readonly view: VmView;
  readonly look: VmLook;
  readonly documents: VmDocuments;
  /** `stage` is empty until it is carried out. */
  readonly send: readonly PlannedFile[];
  /** On both hosts already, as far as a look tells: a mark proves it before anything is done. */
  readonly shared: readonly PlannedFile[];
  /** Media in drives that the other host has not. */
  readonly mediaMissing: readonly string[];
}

type PlannedFile = Omit<MovedFile, 'stage' | 'identityThere'> & { readonly base: string };

/** @param folder of the session. @throws MoveFault, CopiesFault, Failure */
export async function planMove(engine: EnginePort, view: VmView, sides: Sides, folder: string): Promise<PlannedMove> {
  const { from, to } = sides;
  const { ref } = view;
  requireOtherHost(engine, from.connection, to.connection);
  await requireFree(engine, view, folder);
  await requireWelcome(view, sides);
  const look = await lookAtVm(engine, view, from.host);
  const { documents } = look;
  const lacking = await to.ask((copies) => copies.lacking(documents));
  if (lacking !== undefined) {
    throw new MoveFault({ kind: 'lacking', lacking });
  }
  const { files: seen } = await engine.readFiles(ref);
  const moved = await movedFiles(view, seen, look, sides);
  const there = await seenOn(
    to,
    moved.map(({ path }) => path),
  );
  const shared = moved.filter((file) => isSame(file, there.get(file.path)));
  const send = moved.filter((file) => !shared.includes(file));
  const taken = send.find(({ path }) => there.has(path));
  if (taken !== undefined) {
    throw new MoveFault({ kind: 'fileThere', file: taken.path });
  }
  await requireRoom(sides, send);
  const media = seen.flatMap(({ role, path, present }) => (role === 'medium' && present ? [path] : []));
  const mediaThere = await seenOn(to, media);
  return { view, look, documents, send, shared, mediaMissing: media.filter((path) => !mediaThere.has(path)) };
}

/** Two names of one daemon, or two daemons of one host, whose paths are the same. */
function requireOtherHost(engine: EnginePort, from: string, to: string): void {
  const [mine, theirs] = [from, to].map((uri) => engine.connections.find((one) => one.uri === uri)?.capabilities);
  if (from === to || isSameHost(mine, theirs)) {
    throw new MoveFault({ kind: 'sameHost' });
  }
}

async function requireFree(engine: EnginePort, { vm, ref }: VmView, folder: string): Promise<void> {
  if (isActive(vm.power)) {
    throw new MoveFault({ kind: 'on' });
  }
  const lab = (await new LabStore(folder, noLog).list()).find(({ vms }) => vms.some(({ uuid }) => uuid === ref.uuid));
  if (lab !== undefined) {
    throw new MoveFault({ kind: 'ofLab', lab: lab.name });
  }
  // It would be refused where a cluster starts the VM: the only word of the cluster that is needed here.
  const decision = await engine.plan({ kind: 'power', vm: ref, action: 'start' });
  if (decision.kind === 'refusal' && decision.refusal.reason === 'keptByCluster') {
    throw new MoveFault({ kind: 'ofCluster', resource: decision.refusal.facts['resource'] ?? '' });
  }
}

async function requireWelcome({ vm, ref }: VmView, { from, to }: Sides): Promise<void> {
  const obstacle = await to.ask((copies) => copies.obstacle({ name: vm.name, uuid: ref.uuid }));
  if (obstacle !== undefined && obstacle !== 'otherHost') {
    throw new MoveFault({ kind: obstacle });
  }
  const standing = await from.ask((copies) => copies.standing(ref.uuid));
  if (standing?.isOff !== true) {
    throw new MoveFault({ kind: 'on' });
  }
  if (standing.checkpoints > 0) {
    throw new MoveFault({ kind: 'checkpoints' });
  }
}

async function movedFiles(
  { vm, ref }: VmView,
  seen: readonly VmFile[],
  look: VmLook,
  { from, to }: Sides,
): Promise<readonly PlannedFile[]> {
  const state = seen.filter(
    ({ role, seen: how }) => (role === 'savedState' || role === 'tpmState') && how !== 'missing',
  );
  const isUnknown =
    (vm.managedSave && !state.some(({ role }) => role === 'savedState')) ||
    (hasTpm(vm) && vm.tpmState === undefined) ||
    state.some(({ seen: how }) => how !== 'there');
  if (isUnknown) {
    throw new MoveFault({ kind: 'stateUnknown' });
  }
  const shared = seen.find(({ role, sharedWith }) => role !== 'medium' && sharedWith.length > 0);
  if (shared !== undefined) {
    throw new MoveFault({ kind: 'needed', file: shared.path, vms: shared.sharedWith });
  }
  const stored = look.files.flatMap(({ path, role, content }) => (content === 'stored' ? [{ path, role }] : []));
  const all = [...stored, ...state.map(({ path, role }) => ({ path, role: role as 'savedState' | 'tpmState' }))];
  const here = await seenOn(
    from,
    all.map(({ path }) => path),
  );
  const files: PlannedFile[] = [];
  for (const { path, role } of all) {
    const found = here.get(path);
    const real = await from.host.files.realpath(path);
    const realFolder = await from.host.files.realpath(posix.dirname(path));
    if (posix.join(realFolder, posix.basename(path)) !== real) {
      throw new MoveFault({ kind: 'linked', file: path });
    }
    const { size, blocks } = await from.host.files.stat(path);
    if (found?.bytes !== size) {
      throw new MoveFault({ kind: 'linked', file: path });
    }
    const { base, folders } = placeOf(path, role, ref);
    const allocatedBytes = Math.min(size, blocks * 512);
    files.push({ path, role, ...found, allocatedBytes, base, folders });
  }
  for (const folder of new Set(files.map(({ base }) => base))) {
    if ((await to.shell.run('test', '-d', folder)).code !== 0) {
      throw new MoveFault({ kind: 'folderMissing', folder });
    }
  }
  return files;
}

/** A folder that is called as the VM is its own: it is made there. libvirt makes that of all TPMs with the first one. */
function placeOf(path: string, role: PlannedFile['role'], { uuid }: VmRef): Pick<PlannedFile, 'base' | 'folders'> {
  const folder = posix.dirname(path);
  const own = `/${uuid}`;
  const at = `${folder}/`.indexOf(`${own}/`);
  if (at < 0) {
    return { base: folder, folders: [] };
  }
  const around = folder.slice(0, at) || '/';
  const base = role === 'tpmState' ? posix.dirname(around) : around;
  const names = posix.relative(base, folder).split('/');
  return { base, folders: names.map((_, index) => posix.join(base, ...names.slice(0, index + 1))) };
}

/** As `stat` sees it through a file system that both have. */
function isSame(file: PlannedFile, there: SeenFile | undefined): boolean {
  return (
    there !== undefined &&
    there.identity.split(':')[0] === file.identity.split(':')[0] &&
    there.bytes === file.bytes &&
    there.modified === file.modified
  );
}

async function requireRoom({ to }: Sides, send: readonly PlannedFile[]): Promise<void> {
  const needed = new Map<string, { bytes: number; readonly free: number; readonly folder: string }>();
  for (const { base, allocatedBytes } of send) {
    const said = await requireRun(to, base, 'df', '--output=avail,target', '-B1', base);
    const [, free = '', target = ''] = /(\d+)\s+(\/.*)$/u.exec(said) ?? [];
    const one = needed.get(target) ?? { bytes: 0, free: Number(free), folder: base };
    one.bytes += allocatedBytes;
    needed.set(target, one);
  }
  const short = [...needed.values()].find(({ bytes, free }) => free < bytes);
  if (short !== undefined) {
    throw new MoveFault({ kind: 'noRoom', ...short });
  }
}

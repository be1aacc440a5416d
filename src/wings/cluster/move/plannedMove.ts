// What a move would do: values, and how files on two hosts are told to be the same.
import { posix } from 'node:path';
import { refusalOf } from '../../../domain/chains/otherVms.js';
import type { MovedNeeds, StandingVm, VmDocuments } from '../../../domain/copiedVm.js';
import { Failure } from '../../../domain/failure.js';
import type { VmRef } from '../../../domain/vm.js';
import type { VmFile } from '../../../domain/vmFiles.js';
import type { MigrationWish } from '../../../driver/migrationHost.js';
import type { VmView } from '../../../live/views.js';
import type { VmLook } from '../../../transfer/lookAtVm.js';
import { clusterFailure } from '../clusterFailure.js';
import type { MovedFile } from './moveStore.js';
import { requireRun, seenOn, type SeenFile, type Side, type Sides } from './sides.js';
import type { DiskTop } from './tops.js';

export interface PlannedMove {
  readonly view: VmView;
  readonly documents: VmDocuments;
  readonly needs: NeededThere;
  /** On its own host. */
  readonly standing: StandingVm;
  /** Rejects where the VM is another one by now. */
  readonly requireUnchanged: () => Promise<void>;
  /** It runs, and goes on running there. Absent: it is off. */
  readonly live?: MigrationWish;
  /** `stage` is empty until it is carried out. */
  readonly send: readonly PlannedFile[];
  /** On both hosts already, as far as a look tells: a mark proves it before anything is done. */
  readonly shared: readonly PlannedFile[];
  /** Media in drives that the other host has not. */
  readonly mediaMissing: readonly string[];
}

/** What it takes from the other host, which libvirt there gives to whatever names it. */
type NeededThere = Pick<MovedNeeds, 'ofHost' | 'emulator'>;

export type PlannedFile = Omit<MovedFile, 'stage' | 'identityThere'> & {
  readonly base: string;
  /** QEMU sends what is in it, into one of this shape. */
  readonly top?: DiskTop;
};

/** A folder that is called as the VM is its own: it is made there. libvirt makes that of all TPMs with the first. */
export function placeOf(
  path: string,
  role: PlannedFile['role'],
  { uuid }: VmRef,
): Pick<PlannedFile, 'base' | 'folders'> {
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
export function isSame(file: PlannedFile, there: SeenFile | undefined): boolean {
  return isSameInode(file, there) && there?.bytes === file.bytes && there.modified === file.modified;
}

/** The same of a file that is written to meanwhile. */
export function isSameInode({ identity }: Pick<SeenFile, 'identity'>, there: SeenFile | undefined): boolean {
  return there?.identity.split(':')[0] === identity.split(':')[0];
}

/** @throws Failure `lacking`, `unknownParts` */
export async function requireKnown(to: Side, documents: VmDocuments): Promise<NeededThere> {
  const { lacking, unknown, ofHost, emulator } = await to.ask((copies) => copies.needs(documents));
  if (lacking !== undefined) {
    throw clusterFailure('lacking', { lacking });
  }
  if (unknown.length > 0) {
    throw clusterFailure('unknownParts', { parts: unknown });
  }
  return { ofHost, ...(emulator !== undefined && { emulator }) };
}

/** A link in a folder that both hosts have leads to another file on each. @throws Failure `linked` */
export async function requireNoLink({ host: { files } }: Side, path: string): Promise<void> {
  const [real, folder] = await Promise.all([files.realpath(path), files.realpath(posix.dirname(path))]);
  if (posix.join(folder, posix.basename(path)) !== real) {
    throw clusterFailure('linked', { file: path });
  }
}

/** @throws Failure `needed` */
export function requireAlone(files: readonly VmFile[]): void {
  const shared = files.find(({ role, sharedWith }) => role !== 'medium' && sharedWith.length > 0);
  if (shared !== undefined) {
    throw clusterFailure('needed', { file: shared.path, vms: shared.sharedWith });
  }
}

/** Media in drives that the other host has not. */
export async function mediaMissing(files: readonly VmFile[], to: Side): Promise<readonly string[]> {
  const media = files.flatMap(({ role, path, present }) => (role === 'medium' && present ? [path] : []));
  const there = await seenOn(to, media);
  return media.filter((path) => !there.has(path));
}

/** @throws Failure `linked`, `folderMissing`, `missing` */
export async function describeFiles(
  ref: VmRef,
  parts: readonly Pick<PlannedFile, 'path' | 'role' | 'written' | 'top'>[],
  { from, to }: Sides,
): Promise<readonly PlannedFile[]> {
  const here = await seenOn(
    from,
    parts.map(({ path }) => path),
  );
  const files: PlannedFile[] = [];
  for (const part of parts) {
    const { path, role, written } = part;
    const found = here.get(path);
    await requireNoLink(from, path);
    const { size, blocks } = await from.host.files.stat(path);
    if (found === undefined || (found.bytes !== size && written === undefined)) {
      throw clusterFailure('linked', { file: path });
    }
    files.push({ ...part, ...found, allocatedBytes: Math.min(size, blocks * 512), ...placeOf(path, role, ref) });
  }
  for (const folder of new Set(files.map(({ base }) => base))) {
    if ((await to.shell.run('test', '-d', folder)).code !== 0) {
      throw clusterFailure('folderMissing', { folder });
    }
  }
  return files;
}

/** @throws Failure `fileThere`, `noRoom`; `refused` where another one here needs a file that goes */
export async function requirePlace(
  { vm }: VmView,
  send: readonly PlannedFile[],
  needed: VmLook['needed'],
  { to }: Sides,
): Promise<void> {
  const there = await seenOn(
    to,
    send.map(({ path }) => path),
  );
  const taken = send.find(({ path }) => there.has(path));
  if (taken !== undefined) {
    throw clusterFailure('fileThere', { file: taken.path });
  }
  // What goes to the trash here, as a delete would ask.
  const user = needed.find(({ file }) => send.some(({ path }) => path === file));
  if (user !== undefined) {
    throw new Failure('refused', { vm: vm.name, refusal: refusalOf(user, vm.name).refusal });
  }
  await requireRoom(to, send);
}

async function requireRoom(to: Side, send: readonly PlannedFile[]): Promise<void> {
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
    throw clusterFailure('noRoom', { ...short });
  }
}

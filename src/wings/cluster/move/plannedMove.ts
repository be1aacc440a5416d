// What a move would do: values, and how files on two hosts are told to be the same.
import { posix } from 'node:path';
import type { StandingVm, VmDocuments } from '../../../domain/copiedVm.js';
import type { VmRef } from '../../../domain/vm.js';
import type { VmFile } from '../../../domain/vmFiles.js';
import type { MigrationWish } from '../../../driver/migrationHost.js';
import type { VmView } from '../../../live/views.js';
import { clusterFailure } from '../clusterFailure.js';
import type { MovedFile } from './moveStore.js';
import { seenOn, type SeenFile, type Side } from './sides.js';

export interface PlannedMove {
  readonly view: VmView;
  readonly documents: VmDocuments;
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

export type PlannedFile = Omit<MovedFile, 'stage' | 'identityThere'> & { readonly base: string };

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

/** A link in a folder that both hosts have leads to another file on each. @throws Failure `linked` */
export async function requireNoLink({ host: { files } }: Side, path: string): Promise<void> {
  const [real, folder] = await Promise.all([files.realpath(path), files.realpath(posix.dirname(path))]);
  if (posix.join(folder, posix.basename(path)) !== real) {
    throw clusterFailure('linked', { file: path });
  }
}

/** Media in drives that the other host has not. */
export async function mediaMissing(files: readonly VmFile[], to: Side): Promise<readonly string[]> {
  const media = files.flatMap(({ role, path, present }) => (role === 'medium' && present ? [path] : []));
  const there = await seenOn(to, media);
  return media.filter((path) => !there.has(path));
}

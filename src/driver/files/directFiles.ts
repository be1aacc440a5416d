// The port to the host's files, served by the file system and qemu-img of a computer: this one, or one that is reached.
// Right only where the hypervisor runs there, which it does not know itself.
import { constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type FileStats, type FileSystem, type HeldFile, thisComputer } from '../../base/fileSystem.js';
import { Failure } from '../../domain/failure.js';
import {
  type CannotAct,
  type ImageFacts,
  type NewImage,
  type NewOverlay,
  type NewSeed,
  type OnMade,
  trashFolder,
} from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { OutOfReach, type Turns, turnsOfAll } from './fileTurns.js';
import type { FileAccess } from './composedFiles.js';
import { commitImage, rebaseImage, repairImage, resizeImage } from '../../qemu/changeImage.js';
import { copyImage } from './copyImage.js';
import { readHostUses } from './hostUses.js';
import { lockList, readImageLocks } from './imageLocks.js';
import { cloneSeed, hostKeyOf } from '../../qemu/cloneSeed.js';
import { ImageCommand } from '../../qemu/imageCommands.js';
import { JudgedChain } from '../../qemu/judgedChain.js';
import { readImage } from '../../qemu/localImage.js';
import { placeNew } from './placeFile.js';
import { type ImageHost, qemuImg, type QemuImg } from '../../qemu/qemuImg.js';
import { requireOurs, takeOut, trashFile } from './trash.js';
import { FileLooks, isPath, requirePaths } from './lookAtFiles.js';
import { undefinedIfAbsent } from '../../base/errno.js';

/** A computer whose files are looked at and changed directly. */
export interface DirectHost extends ImageHost {
  readonly turns: Turns;
  /** Has something changed there. */
  readonly act: <T>(change: (host: ImageHost) => Promise<T>) => Promise<T>;
}

/** The files of this machine. */
export function localFiles(environment: NodeJS.ProcessEnv, program: QemuImg = qemuImg(environment)): FileAccess {
  const host: ImageHost = { files: thisComputer, qemuImg: program };
  return directFiles({ ...host, turns: turnsOfAll, act: (change) => change(host) });
}

export function directFiles(host: DirectHost): FileAccess {
  const { act, files } = host;
  const looks = new FileLooks(files, host.turns);
  return {
    isNoFile: (path) => looks.isNoFile(path),
    isTaken: (path) => looks.isTaken(path),
    file: (path) => looks.file(path),
    image: (path, format, depth) => looks.look<ImageFacts>(path, () => readImage(path, host, format, depth)),
    identity: (path) => looks.identity(path),
    sum: (path) => looks.sum(path),
    hostKeyOf: async (seed) => {
      const content = await looks.content(seed);
      return content && hostKeyOf(content);
    },
    list: (folder) => looks.list(folder),
    space: (folder) => looks.space(folder),
    hostUses: (devices) => readHostUses(files, devices),
    imageLocks: async (confined) => {
      const [locks, forbidden] = await Promise.all([
        readImageLocks(lockList, files),
        confined === undefined ? undefined : readForbiddenWrites(confined, files),
      ]);
      return locks && { ...locks, ...(forbidden && { forbidden }) };
    },
    canAct: (folder) => canAct(folder, host),
    createOverlay: (overlay, onMade) =>
      act((on) => ('bytes' in overlay ? createImage(overlay, on, onMade) : createOverlay(overlay, on, onMade))),
    copy: (from, to, existing, onMade) => act((on) => copy({ from, to, existing }, on.files, onMade)),
    writeSeed: (seed, onMade) => act((on) => writeSeed(seed, on.files, looks, onMade)),
    makeFolders: (like, folder) => act((on) => makeFolders(like, folder, on.files)),
    removeTag: (file, tag) => act((on) => removeTag(file, tag, on, looks)),
    repair: (file) => act((on) => repairImage(file, on)),
    rebase: (overlay) => act((on) => rebaseImage(overlay, on)),
    resize: (file, format, bytes) => act((on) => resizeImage({ file, format }, bytes, on)),
    canChange: (path) => canChange(path, host),
    commit: (commit, signal, onFraction) => act((on) => commitImage(commit, on, signal, onFraction)),
    copyImage: (copy, signal, onFraction, onMade) => act((on) => copyImage(copy, on, signal, onFraction, onMade)),
    remove: (path) => act((on) => remove(path, on.files)),
    trash: (path, from) =>
      act((on) => (from === undefined ? trashFile(path, on.files) : takeOut(from, path, on.files))),
  };
}

async function canAct(folder: string, host: DirectHost): Promise<'yes' | CannotAct> {
  if (!isPath(folder)) {
    return { why: 'failed', said: folder };
  }
  try {
    const isFolderThere = await host.turns.within(folder, async () => {
      await (basename(folder) === trashFolder ? requireOurs(folder, host.files, {}) : undefined);
      const isThere = (await host.files.stat(folder)).isDirectory();
      await (isThere ? host.files.access(folder, constants.W_OK | constants.X_OK) : undefined);
      return isThere;
    });
    if (!isFolderThere) {
      return { why: 'folderMissing' };
    }
    return (await host.qemuImg.find()) === undefined ? { why: 'noQemuImg' } : 'yes';
  } catch (error) {
    return whyNot(error, 'folderMissing');
  }
}

async function canChange(path: string, host: DirectHost): Promise<'yes' | CannotAct> {
  if (!isPath(path)) {
    return { why: 'failed', said: path };
  }
  try {
    await host.turns.within(dirname(path), () => host.files.access(path, constants.R_OK | constants.W_OK));
    return (await host.qemuImg.find()) === undefined ? { why: 'noQemuImg' } : 'yes';
  } catch (error) {
    return whyNot(error, 'failed');
  }
}

function whyNot(error: unknown, missing: CannotAct['why']): CannotAct {
  if (error instanceof OutOfReach) {
    return { why: error.why, said: error.message };
  }
  const { kind, message } = fileFailure(error, {});
  return { why: kind === 'notFound' ? missing : kind === 'denied' ? 'denied' : 'failed', said: message };
}

async function createOverlay(
  { file, backing, backingFormat }: NewOverlay,
  { files, qemuImg: program }: ImageHost,
  onMade?: OnMade,
): Promise<void> {
  const details = { doing: 'making an overlay', path: file };
  requirePaths(details, file, backing);
  if (!/^[\w-]{1,32}$/.test(backingFormat)) {
    throw new Failure('invalid', { ...details, libvirtMessage: backingFormat });
  }
  const fill = async (part: HeldFile): Promise<FileStats> => {
    const like = await files.stat(backing);
    // Nothing is opened for it: what opens the overlay judges the file below.
    const image = await readImage(backing, { files, qemuImg: program }, backingFormat, 'head');
    if (image === 'unknown' || image.corrupt === true || image.encrypted === true) {
      throw new Failure('unsupported', { ...details, path: backing });
    }
    const { virtualBytes } = image;
    await program.run(ImageCommand.createOverlay({ file: part.path, backing, backingFormat, virtualBytes }), details);
    return like;
  };
  await placeNew(details, file, 'keep', files, fill, onMade);
}

async function createImage(
  { file, bytes, like }: NewImage,
  { files, qemuImg: program }: ImageHost,
  onMade?: OnMade,
): Promise<void> {
  const details = { doing: 'making an image', path: file };
  requirePaths(details, file, like);
  const fill = async (part: HeldFile): Promise<FileStats> => {
    await program.run(ImageCommand.create(part.path, bytes), details);
    return files.stat(like);
  };
  await placeNew(details, file, 'keep', files, fill, onMade);
}

async function copy(
  { from, to, existing }: { readonly from: string; readonly to: string; readonly existing: 'keep' | 'replace' },
  files: FileSystem,
  onMade?: OnMade,
): Promise<void> {
  const details = { doing: 'copying a file', path: to };
  requirePaths(details, from, to);
  const fill = async (part: HeldFile, replaced: FileStats | undefined): Promise<FileStats> => {
    const like = await files.stat(from);
    if (!like.isFile()) {
      throw new Failure('unsupported', { ...details, path: from });
    }
    await files.copyInto(from, part);
    return replaced ?? like;
  };
  await placeNew(details, to, existing, files, fill, onMade);
}

async function writeSeed(
  { from, to, ...own }: NewSeed,
  files: FileSystem,
  looks: FileLooks,
  onMade?: OnMade,
): Promise<void> {
  const details = { doing: 'writing a seed', path: to };
  requirePaths(details, from, to);
  const content = await looks.content(from);
  if (content === undefined) {
    throw new Failure('notFound', { ...details, path: from });
  }
  const fill = async (part: HeldFile): Promise<FileStats> => {
    await part.write(cloneSeed(content, own));
    return files.stat(from);
  };
  await placeNew(details, to, 'keep', files, fill, onMade);
}

/** Who owns them is set by libvirt when it starts the VM. */
async function makeFolders(like: string, folder: string, files: FileSystem): Promise<void> {
  const details = { doing: 'making a folder', path: folder };
  requirePaths(details, like, folder);
  try {
    for (const [path, around] of [
      [dirname(folder), dirname(like)],
      [folder, like],
    ] as const) {
      if ((await undefinedIfAbsent(files.lstat(path))) === undefined) {
        await files.mkdir(path);
        await files.chmod(path, (await files.stat(around)).mode & 0o777);
        await files.flush(dirname(path));
      }
    }
  } catch (error) {
    throw fileFailure(error, details);
  }
}

async function removeTag(file: string, tag: string, host: ImageHost, looks: FileLooks): Promise<void> {
  const details = { doing: 'removing a snapshot from an image', path: file, snapshot: tag };
  requirePaths(details, file);
  const image = await looks.look<ImageFacts>(file, () => readImage(file, host, 'qcow2'));
  if (image === 'missing') {
    throw new Failure('notFound', details);
  }
  if (image === 'unknown') {
    throw new Failure('denied', details);
  }
  if (image.format !== 'qcow2' || image.corrupt === true || image.tags === undefined) {
    throw new Failure('unsupported', details);
  }
  if (image.tags.includes(tag)) {
    await JudgedChain.within({ file, format: 'qcow2', below: [] }, host.files, (chain) =>
      host.qemuImg.run(ImageCommand.removeTag(chain, tag), details),
    );
  }
}

async function remove(path: string, files: FileSystem): Promise<void> {
  const details = { doing: 'removing a file', path };
  requirePaths(details, path);
  try {
    await files.unlink(path);
    await files.flush(dirname(path));
  } catch (error) {
    const failure = fileFailure(error, details);
    if (failure.kind !== 'notFound') {
      throw failure;
    }
  }
}

// What AppArmor forbids the QEMU of a VM to write to until the VM is off: in the rules that libvirt wrote for it last,
// a file that was a backing file is denied, which beats whatever allows it. Root alone may read them.

/** A line for each file of the VM, and some that are the same for all. */
const mostBytes = 256 * 1024;

/** By path. Undefined where nobody here may know. */
export async function readForbiddenWrites(
  uuid: string,
  files: Pick<FileSystem, 'readText'> = thisComputer,
): Promise<ReadonlySet<string> | undefined> {
  let text: string;
  try {
    text = await files.readText(`/etc/apparmor.d/libvirt/libvirt-${uuid}.files`, mostBytes);
  } catch {
    return undefined;
  }
  const utf8 = Buffer.from(text, 'latin1').toString();
  return new Set(
    [...utf8.matchAll(/^ *deny "(?<path>\/[^"\n]+)" w,$/gmu)].flatMap(({ groups }) => groups?.['path'] ?? []),
  );
}

// The port to the host's files, served on this machine: the file system and qemu-img. Right only where the hypervisor
// runs here, which it does not know itself.
import { constants, type Stats } from 'node:fs';
import { access, copyFile, type FileHandle, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { type CannotAct, type ImageFacts, type NewOverlay, type OnMade } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { FolderHangs, turnsOfAll } from './fileTurns.js';
import type { FileAccess } from './composedFiles.js';
import { rebaseImage } from '../../qemu/rebaseImage.js';
import { commitImage } from '../../qemu/commitImage.js';
import { copyImage } from './copyImage.js';
import { readImageLocks } from './imageLocks.js';
import { readImage } from '../../qemu/localImage.js';
import { flush, placeNew } from './placeFile.js';
import { trashFile } from './trashFile.js';
import { handedFile, qemuImg, type QemuImg } from '../../qemu/qemuImg.js';
import { identity, isNoFile, isPath, list, look, readFacts, space } from './lookAtLocal.js';

export function localFiles(environment: NodeJS.ProcessEnv, program: QemuImg = qemuImg(environment)): FileAccess {
  return {
    isNoFile,
    file: (path) => look(path, () => readFacts(path)),
    image: (path, format, depth) => look<ImageFacts>(path, () => readImage(path, program, format, depth)),
    identity,
    list,
    space,
    imageLocks: () => readImageLocks(),
    canAct: (folder) => canAct(folder, program),
    createOverlay: (overlay, onMade) => createOverlay(overlay, program, onMade),
    copy,
    removeTag: (file, tag) => removeTag(file, tag, program),
    rebase: (overlay) => rebaseImage(overlay, program),
    canChange: (path) => canChange(path, program),
    commit: (commit, signal, onFraction) => commitImage(commit, program, signal, onFraction),
    copyImage: (copy, signal, onFraction, onMade) => copyImage(copy, program, signal, onFraction, onMade),
    remove,
    trash,
  };
}

async function canAct(folder: string, program: QemuImg): Promise<'yes' | CannotAct> {
  if (!isPath(folder)) {
    return { why: 'failed', said: folder };
  }
  try {
    const isFolderThere = await turnsOfAll.within(folder, async () => {
      const isThere = (await stat(folder)).isDirectory();
      await (isThere ? access(folder, constants.W_OK | constants.X_OK) : undefined);
      return isThere;
    });
    if (!isFolderThere) {
      return { why: 'folderMissing' };
    }
  } catch (error) {
    if (error instanceof FolderHangs) {
      return { why: 'silent', said: error.message };
    }
    const { kind, message } = fileFailure(error, {});
    return { why: kind === 'notFound' ? 'folderMissing' : kind === 'denied' ? 'denied' : 'failed', said: message };
  }
  return (await program.find()) === undefined ? { why: 'noQemuImg' } : 'yes';
}

async function canChange(path: string, program: QemuImg): Promise<'yes' | CannotAct> {
  if (!isPath(path)) {
    return { why: 'failed', said: path };
  }
  try {
    await turnsOfAll.within(dirname(path), () => access(path, constants.R_OK | constants.W_OK));
  } catch (error) {
    if (error instanceof FolderHangs) {
      return { why: 'silent', said: error.message };
    }
    const { kind, message } = fileFailure(error, {});
    return { why: kind === 'denied' ? 'denied' : 'failed', said: message };
  }
  return (await program.find()) === undefined ? { why: 'noQemuImg' } : 'yes';
}

async function createOverlay(
  { file, backing, backingFormat }: NewOverlay,
  program: QemuImg,
  onMade?: OnMade,
): Promise<void> {
  const details = { doing: 'making an overlay', path: file };
  requirePaths(details, file, backing);
  if (!/^[\w-]{1,32}$/.test(backingFormat)) {
    throw new Failure('invalid', { ...details, libvirtMessage: backingFormat });
  }
  const fill = async (part: FileHandle): Promise<Stats> => {
    const like = await stat(backing);
    const create = ['create', '-q', '-f', 'qcow2', '-F', backingFormat, '-b', backing, '--'];
    await program.run([...create, handedFile], details, part.fd);
    return like;
  };
  await placeNew(details, file, 'keep', fill, onMade);
}

async function copy(from: string, to: string, existing: 'keep' | 'replace', onMade?: OnMade): Promise<void> {
  const details = { doing: 'copying a file', path: to };
  requirePaths(details, from, to);
  const fill = async (part: FileHandle, replaced: Stats | undefined): Promise<Stats> => {
    const like = await stat(from);
    if (!like.isFile()) {
      throw new Failure('unsupported', { ...details, path: from });
    }
    await copyFile(from, `/proc/self/fd/${part.fd}`, constants.COPYFILE_FICLONE);
    return replaced ?? like;
  };
  await placeNew(details, to, existing, fill, onMade);
}

async function removeTag(file: string, tag: string, program: QemuImg): Promise<void> {
  const details = { doing: 'removing a snapshot from an image', path: file, snapshot: tag };
  requirePaths(details, file);
  const image = await look<ImageFacts>(file, () => readImage(file, program, 'qcow2'));
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
    await program.run(['snapshot', '-q', '-d', tag, '--', file], details);
  }
}

async function remove(path: string): Promise<void> {
  const details = { doing: 'removing a file', path };
  requirePaths(details, path);
  try {
    await unlink(path);
    await flush(dirname(path));
  } catch (error) {
    const failure = fileFailure(error, details);
    if (failure.kind !== 'notFound') {
      throw failure;
    }
  }
}

async function trash(path: string): Promise<void> {
  requirePaths({ doing: 'putting a file into the trash', path }, path);
  await trashFile(path);
}

function requirePaths(details: FailureDetails, ...paths: readonly string[]): void {
  for (const path of paths) {
    if (!isPath(path)) {
      throw new Failure('invalid', { ...details, path });
    }
  }
}

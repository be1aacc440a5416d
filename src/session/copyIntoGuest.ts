// A file of this computer into a guest: under another name first, which is changed at the end where the guest runs
// programs for its agent. What broke off leaves no part and no open handle, or it is told.
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { openToRead } from '../base/readFileAtMost.js';
import { type Failure, isOfWing } from '../domain/failure.js';
import type { VmRef } from '../domain/vm.js';
import { copyFailure, type FileFault, type LeftPart } from '../text/guests/copyFailure.js';
import program from './copyIntoGuest.sh';
import {
  withOpenFile,
  type CopiedFile,
  type CopyOptions,
  type FileCopy,
  throwIfCancelled,
  withLeft,
} from './fileCopy.js';
import { GuestFiles } from './guestFiles.js';
import { hostFault, withHostFault } from './hostFault.js';

/**
 * In one command: libvirt 9.0 does not get one to the agent that is longer than what a socket holds (208 KiB), and the
 * agent is deaf after it. Four thirds as long on the way.
 */
const pieceBytes = 48 * 1024;
/** @throws Failure */
export async function copyIntoGuest(vm: VmRef, copy: FileCopy, options: CopyOptions): Promise<CopiedFile> {
  const source = await withHostFault(copy.hostPath, () => openToRead(copy.hostPath));
  try {
    const found = await withHostFault(copy.hostPath, () => source.stat());
    if (!found.isFile()) {
      throw hostFault(found.isDirectory() ? 'folder' : 'other', copy.hostPath, 'not a regular file');
    }
    const files = await GuestFiles.open(vm, options);
    try {
      const target = await guestTarget(files, copy);
      return await writeGuestFile(files, source, target, { ...options, totalBytes: found.size, mode: found.mode });
    } finally {
      files.close();
    }
  } finally {
    await source.close();
  }
}

interface GuestTarget {
  readonly path: string;
  /** Programs can be run there, by which a file takes another name. */
  readonly canRename: boolean;
}

async function guestTarget(files: GuestFiles, { guestPath, hostPath, overwrite }: FileCopy): Promise<GuestTarget> {
  const name = basename(hostPath);
  const ended = await files.script(program, ['look', guestPath, name]);
  if (ended?.exitCode === 2) {
    throw guestFault('folder', guestPath, 'is a directory');
  }
  const [, exists, path] = ended?.exitCode === 0 ? (/^([01])([^]+)$/u.exec(ended.stdout) ?? []) : [];
  const isThere = path === undefined ? await canBeRead(files, inFolder(guestPath, name)) : exists === '1';
  const target = path ?? inFolder(guestPath, name);
  if (isThere && !overwrite) {
    throw guestFault('exists', target, '');
  }
  return { path: target, canRename: path !== undefined };
}

/** A name that ends as that of a folder does, in a guest that cannot be asked. */
function inFolder(path: string, name: string): string {
  return /[\\/]$/u.test(path) ? `${path}${name}` : path;
}

/** @throws Failure */
export async function canBeRead(files: Pick<GuestFiles, 'openFile' | 'closeFile'>, path: string): Promise<boolean> {
  try {
    await files.closeFile(await files.openFile(path, 'r'), path);
    return true;
  } catch (error) {
    if (isOfWing(error, 'copy', 'missing')) {
      return false;
    }
    throw error;
  }
}

interface WriteOptions extends CopyOptions {
  readonly totalBytes: number;
  readonly mode: number;
}

async function writeGuestFile(
  files: GuestFiles,
  source: FileHandle,
  { path, canRename }: GuestTarget,
  writing: WriteOptions,
): Promise<CopiedFile> {
  const { totalBytes, mode, signal } = writing;
  throwIfCancelled(signal);
  const part = canRename ? temporaryPath(path) : path;
  const handle = await files.openFile(part, 'w');
  let bytes = 0;
  try {
    await withOpenFile(files, handle, part, async () => {
      const piece = Buffer.alloc(Math.min(pieceBytes, Math.max(1, totalBytes)));
      while (bytes < totalBytes) {
        throwIfCancelled(signal);
        const { bytesRead } = await source.read(piece, 0, Math.min(piece.length, totalBytes - bytes), bytes);
        if (bytesRead === 0) {
          break;
        }
        await files.write(handle, piece.subarray(0, bytesRead), part, signal);
        bytes += bytesRead;
        writing.onProgress?.({ bytes, totalBytes });
      }
      await files.flush(handle, part);
    });
    throwIfCancelled(signal);
    if (canRename) {
      const ended = await files.script(program, ['rename', part, path, (mode & 0o777).toString(8)]);
      if (ended?.exitCode !== 0) {
        throw guestFault('other', path, ended?.stdout.trim() ?? '');
      }
    }
    return { path, bytes };
  } catch (error) {
    const left = await findLeftPart(files, part, canRename);
    throw left === undefined ? error : withLeft(error, left);
  }
}

/** What a copy that broke off leaves in the guest; undefined for nothing. */
async function findLeftPart(files: GuestFiles, part: string, canRemove: boolean): Promise<LeftPart | undefined> {
  if (!canRemove) {
    return { path: part, is: 'inPlace' };
  }
  // The guest that cannot be asked now may be the very reason.
  const ended = await files.script(program, ['remove', part]).catch(() => undefined);
  return ended?.exitCode === 0 ? undefined : { path: part, is: 'besides' };
}

/** Beside it, so that it is on the same file system. */
function temporaryPath(path: string): string {
  return `${path}.virt-rewind-${randomBytes(4).toString('hex')}`;
}

function guestFault(fault: FileFault, path: string, said: string): Failure {
  return copyFailure(fault, { at: 'guest', path, said });
}

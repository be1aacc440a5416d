// One file into a guest or out of it, by its agent.
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, posix, win32 } from 'node:path';
import { hasCode } from '../base/errno.js';
import type { Vm, VmRef } from '../domain/vm.js';
import { orNamed } from '../domain/asFailure.js';
import { copyFailure } from '../text/guests/copyFailure.js';
import { copyIntoGuest } from './copyIntoGuest.js';
import { withOpenFile, type CopiedFile, type CopyOptions, type FileCopy, throwIfCancelled } from './fileCopy.js';
import { GuestFiles } from './guestFiles.js';
import { asHostFault, hostFault, withHostFault } from './hostFault.js';

/** In one answer: Cancel waits for one. */
const pieceBytes = 256 * 1024;
/** The largest file that is read if it tells no size. */
const mostUnsized = 16 * 1024 * 1024;

type WithAgent = Pick<Vm, 'name' | 'power' | 'agentChannel'>;

/** @throws Failure */
export async function copyFileOf(
  { ref, vm }: { readonly ref: VmRef; readonly vm: WithAgent },
  copy: FileCopy,
  options: CopyOptions,
): Promise<CopiedFile> {
  return orNamed({ vm: vm.name }, async () => {
    throwIfCancelled(options.signal);
    requireAgent(vm);
    return copy.to === 'guest' ? copyIntoGuest(ref, copy, options) : copyOutOfGuest(ref, copy, options);
  });
}

/** @throws Failure */
export function requireAgent({ power, agentChannel }: Omit<WithAgent, 'name'>): void {
  if (power !== 'running') {
    throw copyFailure('notRunning');
  }
  if (!agentChannel) {
    throw copyFailure('noAgent');
  }
}

/** Under another name first, so that a reader sees the old file or the new one. */
async function copyOutOfGuest(vm: VmRef, copy: FileCopy, options: CopyOptions): Promise<CopiedFile> {
  const path = await hostTarget(copy);
  const files = await GuestFiles.open(vm, options);
  try {
    const handle = await files.openFile(copy.guestPath, 'r');
    return await withOpenFile(files, handle, copy.guestPath, () => readGuestFile(files, handle, path, copy, options));
  } finally {
    files.close();
  }
}

async function hostTarget({ guestPath, hostPath, overwrite }: FileCopy): Promise<string> {
  const inIt = join(hostPath, guestPath.includes('/') ? posix.basename(guestPath) : win32.basename(guestPath));
  const path = (await kindOf(hostPath)) === 'folder' || /[\\/]$/u.test(hostPath) ? inIt : hostPath;
  const there = await kindOf(path);
  if (there === 'folder') {
    throw hostFault('folder', path, 'is a directory');
  }
  if (there === 'file' && !overwrite) {
    throw hostFault('exists', path, '');
  }
  return there === 'file' ? withHostFault(path, () => realpath(path)) : path;
}

async function kindOf(path: string): Promise<'folder' | 'file' | 'none'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return 'none';
    }
    throw asHostFault(error, path);
  }
}

async function readGuestFile(
  files: GuestFiles,
  handle: number,
  path: string,
  { guestPath }: FileCopy,
  { signal, onProgress }: CopyOptions,
): Promise<CopiedFile> {
  const totalBytes = await files.sizeOf(handle, guestPath);
  const part = join(dirname(path), `.${basename(path)}.virt-rewind-${randomBytes(4).toString('hex')}`);
  const target = await withHostFault(path, () => open(part, 'wx'));
  let bytes = 0;
  try {
    try {
      // What is written to it meanwhile is not copied: a log would have no end.
      while (totalBytes === undefined || bytes < totalBytes) {
        throwIfCancelled(signal);
        const wanted = Math.min(pieceBytes, (totalBytes ?? Infinity) - bytes);
        const read = await files.read(handle, wanted, guestPath, signal);
        await withHostFault(path, () => target.writeFile(read.bytes));
        bytes += read.bytes.length;
        onProgress?.({ bytes, ...(totalBytes !== undefined && { totalBytes }) });
        if (read.atEnd || read.bytes.length === 0) {
          break;
        }
        if (totalBytes === undefined && bytes >= mostUnsized) {
          throw copyFailure('endless', { path: guestPath, bytes: mostUnsized });
        }
      }
      const old = await stat(path).catch(() => undefined);
      await withHostFault(path, async () => {
        if (old !== undefined) {
          await target.chmod(old.mode & 0o7777);
        }
        await target.sync();
      });
    } finally {
      await target.close();
    }
    throwIfCancelled(signal);
    await withHostFault(path, () => rename(part, path));
    return { path, bytes };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

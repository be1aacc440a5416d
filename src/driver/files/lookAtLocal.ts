// Looks at files of this machine. Changes nothing; what may not be looked at is `unknown`, and a folder that hangs is
// given up.
import { stat, lstat, opendir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasCode, isAbsent } from '../../base/errno.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { FailureDetails } from '../../domain/failure.js';
import { type Observation, type FileFacts, identityOf, type Space } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { factsOf } from '../../qemu/localImage.js';
import { turnsOfAll, FolderHangs } from './fileTurns.js';

const mostNames = 10_000;

const hidden = ['EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG'];

export async function readFacts(path: string): Promise<Observation<FileFacts>> {
  try {
    return (await factsOf(await stat(path))) ?? 'unknown';
  } catch (error) {
    // A link that leads nowhere: there is no file, but the name is taken.
    if (hasCode(error, 'ENOENT') && (await lstat(path)).isSymbolicLink()) {
      return 'unknown';
    }
    throw error;
  }
}

export async function isNoFile(path: string): Promise<boolean> {
  try {
    return (
      isPath(path) &&
      (await turnsOfAll.within(dirname(path), async () => (await factsOf(await stat(path))) === undefined))
    );
  } catch {
    // Whatever the reason: then it is not certain.
    return false;
  }
}

export async function look<T>(path: string, read: () => Promise<Observation<T>>): Promise<Observation<T>> {
  if (!isPath(path)) {
    return 'unknown';
  }
  try {
    return await turnsOfAll.within(dirname(path), read);
  } catch (error) {
    if (error instanceof FolderHangs) {
      return 'unknown';
    }
    const seen = withoutAccess(error, 'missing', 'unknown', { doing: 'looking at a file', path });
    return seen === 'missing' && !(await isMissing(path)) ? 'unknown' : seen;
  }
}

/** Folders that are about to be looked at, for all whose files were just not found in them. */
const foldersAsked = new Map<string, Promise<boolean>>();

/**
 * Certain only where the folder is there: a whole folder that is not may be a share that is not mounted, or hidden from
 * an editor in a container. One look, a moment later, is for all that are found missing in a folder at the same time.
 * Folders of devices go with the last device in them, as with a volume group that is switched off.
 */
function isMissing(path: string): Promise<boolean> {
  const folder = isDevicePath(path) ? '/dev' : dirname(path);
  const asked =
    foldersAsked.get(folder) ??
    nextTurn().then(() => {
      foldersAsked.delete(folder);
      return isFolder(folder);
    });
  foldersAsked.set(folder, asked);
  return asked;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return await turnsOfAll.within(path, async () => (await stat(path)).isDirectory());
  } catch {
    // Whatever the reason: then nothing is known of what is in it.
    return false;
  }
}

/** What a look comes to that the file system refuses. */
function withoutAccess<M, U>(error: unknown, missing: M, unknown: U, details: FailureDetails): M | U {
  if (isAbsent(error)) {
    return missing;
  }
  if (hasCode(error, ...hidden)) {
    return unknown;
  }
  throw fileFailure(error, details);
}

export async function identity(path: string): Promise<string | undefined> {
  try {
    const stats = isPath(path)
      ? await turnsOfAll.within(dirname(path), () => lstat(path, { bigint: true }))
      : undefined;
    return stats?.isFile() === true ? identityOf(stats) : undefined;
  } catch {
    // Whatever the reason: it is not seen.
    return undefined;
  }
}

export async function list(folder: string): Promise<readonly string[] | undefined> {
  if (!isPath(folder)) {
    return undefined;
  }
  try {
    return await turnsOfAll.within(folder, () => namesIn(folder));
  } catch (error) {
    if (error instanceof FolderHangs) {
      return undefined;
    }
    withoutAccess(error, undefined, undefined, { doing: 'listing a folder', path: folder });
    return undefined;
  }
}

async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  const names: string[] = [];
  for await (const { name } of await opendir(folder)) {
    if (names.length === mostNames) {
      // A part of it would be believed to be all.
      return undefined;
    }
    names.push(name);
  }
  return names;
}

export async function space(folder: string): Promise<Space | undefined> {
  if (!isPath(folder)) {
    return undefined;
  }
  try {
    const { bavail, blocks, bsize } = await turnsOfAll.within(folder, () => statfs(folder));
    return { free: bavail * bsize, total: blocks * bsize };
  } catch {
    // Whatever the reason: how much is free is not known.
    return undefined;
  }
}

export function isPath(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0');
}

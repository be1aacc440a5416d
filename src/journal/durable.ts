// The few ways in which this room touches the disk: flushed, bounded, readable by its owner alone.
import type * as promises from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Log } from '../base/log.js';
import { readAtMost } from '../base/readFileAtMost.js';
import { Failure, type FailureDetails } from '../domain/failure.js';
import { hasCode } from '../base/errno.js';

const hourMs = 60 * 60 * 1000;
const leftoverPattern = /^(?:new|old)-[0-9a-f]{32}$/;

/** What `newId` gives. */
export const idPattern = /^[0-9a-f]{32}$/;

/** A name in this room that nothing else has. */
export function newId(): string {
  return randomBytes(16).toString('hex');
}

/** Node's own, narrowed to what is used, so that a test can watch the order of the calls or fail one. */
export type FileSystem = Pick<typeof promises, 'chmod' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm' | 'stat'>;

/** A folder that nobody else may look into, there also after a power cut. */
export async function ownFolder(fs: FileSystem, path: string): Promise<void> {
  const first = await fs.mkdir(path, { recursive: true, mode: 0o700 });
  // The folder existed before, and rules trust its content. Fails for one that belongs to another user, but for root.
  await fs.chmod(path, 0o700);
  const { uid } = await fs.stat(path);
  if (uid !== (process.geteuid?.() ?? uid)) {
    throw new Error(`${path} belongs to the user with the number ${uid}`);
  }
  if (first !== undefined) {
    for (let made = path; made !== dirname(first); made = dirname(made)) {
      await syncFolder(fs, dirname(made));
    }
  }
}

/** A file that is not there yet, flushed; its name is not until its folder is. */
export async function writeNew(fs: FileSystem, path: string, text: string | Uint8Array): Promise<void> {
  const file = await fs.open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * In place of the one before, whole or not at all; flushed. What dies half-way leaves a `new-…` behind: see
 * `removeLeftovers`.
 */
export async function replaceFile(fs: FileSystem, path: string, content: string | Uint8Array, log: Log): Promise<void> {
  const folder = dirname(path);
  const making = join(folder, `new-${newId()}`);
  try {
    await writeNew(fs, making, content);
    await fs.rename(making, path);
    await syncFolder(fs, folder);
  } catch (error) {
    await discard(fs, [making], log);
    throw error;
  }
}

/** The same, in a folder of its own in that of all that is kept. */
export async function replaceIn(
  fs: FileSystem,
  folders: readonly [whole: string, own: string],
  name: string,
  content: string | Uint8Array,
  log: Log,
): Promise<void> {
  const [whole, own] = folders;
  await ownFolder(fs, whole);
  await ownFolder(fs, own);
  await removeLeftovers(fs, own, log);
  await replaceFile(fs, join(own, name), content, log);
}

/** What was renamed, made or removed in a folder stays so. */
export async function syncFolder(fs: FileSystem, path: string): Promise<void> {
  const folder = await fs.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Follows no link, and waits for nobody: an open of a pipe for reading would never return. */
export async function readBounded(fs: FileSystem, path: string, maxBytes: number): Promise<Buffer | 'tooLong'> {
  const file = await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const bytes = await readAtMost(file, maxBytes + 1);
    return bytes.length > maxBytes ? 'tooLong' : bytes;
  } finally {
    await file.close();
  }
}

/** The names in a folder; none where there is no such folder. */
export async function namesIn(fs: FileSystem, path: string): Promise<readonly string[]> {
  try {
    return await fs.readdir(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return [];
    }
    throw error;
  }
}

/** In milliseconds since 1970; now, for what is not there: it has just been removed. */
export async function changedAt(fs: FileSystem, path: string): Promise<number> {
  try {
    return (await fs.stat(path)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return Date.now();
    }
    throw error;
  }
}

/**
 * Now, in milliseconds since 1970, by the clock that tells when files in this folder were changed: on a network it is
 * the server's, which may be another day. Where nothing can be made, by ours.
 */
export async function clockOf(fs: FileSystem, folder: string): Promise<number> {
  const probe = join(folder, `now-${randomBytes(8).toString('hex')}`);
  try {
    await fs.mkdir(probe, { mode: 0o700 });
    return (await fs.stat(probe)).mtimeMs;
  } catch {
    return Date.now();
  } finally {
    await fs.rm(probe, { recursive: true, force: true });
  }
}

/** What a process that died half-way has left as `new-…` or `old-…`; not what one is just making. */
export async function removeLeftovers(fs: FileSystem, folder: string, log: Log): Promise<void> {
  for (const name of (await namesIn(fs, folder)).filter((each) => leftoverPattern.test(each))) {
    const path = join(folder, name);
    if (Date.now() - (await changedAt(fs, path)) > hourMs) {
      await discard(fs, [path], log);
    }
  }
}

/** What stays although it should not harms nobody. */
export async function discard(fs: FileSystem, paths: readonly string[], log: Log): Promise<void> {
  for (const path of paths) {
    try {
      await fs.rm(path, { recursive: true, force: true });
    } catch (error) {
      log.warn(`${path} cannot be removed: ${String(error)}`);
    }
  }
}

/** What a person is told of a disk that is full, read-only or not ours; which of them is in the cause. */
export function journalFailure(error: unknown, folder: string, details: FailureDetails = {}): Failure {
  return error instanceof Failure ? error : new Failure('journal', { ...details, path: folder }, { cause: error });
}

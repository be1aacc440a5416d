// One process at a time holds a folder. A hold is a folder in it, holder.1, holder.2, …, made elsewhere and renamed, so
// it appears whole and only if there is none of that name; the newest is never removed while the folder is there, so a
// hold whose process is gone is followed by the next number and by one process alone.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type FileSystem, readBounded, syncFolder, writeNew } from './durable.js';
import { hasCode } from '../base/errno.js';
import type { Writer } from './entry.js';
import { parseAs, parseJson, writeJson } from './json.js';
import { type LastWrite, isAlive, writerShape } from './writer.js';

const maxBytes = 4096;
const held = 'process.json';
const released = 'released.json';
/** What a holder is taken for that does not say who it is. */
const unseen: Writer = { pid: 1, boot: '', host: '', session: '' };

export interface DiskLock {
  release(): Promise<void>;
}

/** In a folder that nobody else knows of yet. */
export async function lockNew(fs: FileSystem, folder: string, us: Writer): Promise<void> {
  await makeHolder(fs, holderPath(folder, 1), us);
}

/** @param written the file to which its holder, if any, writes what it does */
export async function takeLock(
  fs: FileSystem,
  folder: string,
  us: Writer,
  written: string,
): Promise<DiskLock | 'busy' | 'gone'> {
  const making = join(folder, `take-${randomBytes(8).toString('hex')}`);
  try {
    const newest = await newestOf(fs, folder);
    if (await hasHolder(fs, folder, newest, us, written)) {
      return 'busy';
    }
    await makeHolder(fs, making, us);
    await fs.rename(making, holderPath(folder, newest + 1));
    await syncFolder(fs, folder);
    return lockOf(fs, folder, newest + 1);
  } catch (error) {
    await fs.rm(making, { recursive: true, force: true });
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) {
      return 'busy';
    }
    if (hasCode(error, 'ENOENT')) {
      return 'gone';
    }
    throw error;
  }
}

/**
 * Whether a process that lives holds it; takes nothing.
 * @param by others: all but this one
 */
export async function isLocked(
  fs: FileSystem,
  folder: string,
  us: Writer,
  written: string,
  by: 'any' | 'others' = 'any',
): Promise<boolean> {
  try {
    const newest = await newestOf(fs, folder);
    const isOurs = async (): Promise<boolean> => {
      const holder = await readWriter(fs, join(holderPath(folder, newest), held));
      return holder !== 'released' && holder.session === us.session;
    };
    return (await hasHolder(fs, folder, newest, us, written)) && (by === 'any' || !(await isOurs()));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return false;
    }
    throw error;
  }
}

/** For the holder: a folder that is held often would fill. Who comes looks at the newest one alone. */
export async function removeEarlierHolders(fs: FileSystem, folder: string): Promise<void> {
  const newest = await newestOf(fs, folder);
  for (const name of await fs.readdir(folder)) {
    if (numberOf(name) > 0 && numberOf(name) < newest) {
      await fs.rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

async function newestOf(fs: FileSystem, folder: string): Promise<number> {
  return Math.max(0, ...(await fs.readdir(folder)).map(numberOf));
}

async function hasHolder(
  fs: FileSystem,
  folder: string,
  newest: number,
  us: Writer,
  written: string,
): Promise<boolean> {
  return newest > 0 && isHolderAlive(holderPath(folder, newest), us, { fs, folder, file: join(folder, written) });
}

/** One that is ours. */
export function lockOf(fs: FileSystem, folder: string, number: number): DiskLock {
  const holder = holderPath(folder, number);
  // Renamed, not removed: its number stays taken; and a full disk does not stand in the way.
  return { release: () => fs.rename(join(holder, held), join(holder, released)) };
}

async function makeHolder(fs: FileSystem, path: string, us: Writer): Promise<void> {
  await fs.mkdir(path, { mode: 0o700 });
  await writeNew(fs, join(path, held), writeJson(us));
  await syncFolder(fs, path);
}

async function isHolderAlive(holder: string, us: Writer, word: LastWrite): Promise<boolean> {
  const writer = await readWriter(word.fs, join(holder, held));
  return writer !== 'released' && (await isAlive(writer, us, word));
}

async function readWriter(fs: FileSystem, path: string): Promise<Writer | 'released'> {
  try {
    const text = await readBounded(fs, path, maxBytes);
    return (text === 'tooLong' ? undefined : parseAs(writerShape, parseJson(text.toString('utf8')))) ?? unseen;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return 'released';
    }
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return unseen;
    }
    throw error;
  }
}

function holderPath(folder: string, number: number): string {
  return join(folder, `holder.${number}`);
}

function numberOf(name: string): number {
  return Number(/^holder\.(\d{1,9})$/.exec(name)?.[1] ?? 0);
}

// What is read in the folder of a restore: its names, and its mark.
import { posix } from 'node:path';
import * as v from 'valibot';
import { errnoOf, hasCode, isAbsent } from '../../../base/errno.js';
import type { FileSystem } from '../../../base/fileSystem.js';
import { displayLine } from '../../../domain/plainText.js';
import { parseAs, parseSoundJson } from '../../../journal/json.js';
import { processMarkShape } from '../../../journal/processMark.js';
import { transferFailure } from '../../../transfer/transferFailure.js';

export const markName = '.virt-rewind-restoring';
/** Which devices the restore writes to. It goes with the mark. */
export const devicesName = '.virt-rewind-devices';
const mostMarkBytes = 4_096;
const mark = v.object({
  ...processMarkShape.entries,
  uuid: v.string(),
  /** How the folder was called first, by which our record of it is named. */
  begun: v.exactOptional(v.string()),
  /** The VM only starts as a check, and is then removed. */
  isCheck: v.optional(v.literal(true)),
});

export type RestoreMark = v.InferOutput<typeof mark>;

const mostNames = 100_000;

export async function namesIn(files: FileSystem, folder: string): Promise<readonly string[]> {
  const names = await files.names(folder, mostNames);
  if (names === undefined) {
    throw transferFailure('cannotWrite', { folder, said: `more than ${mostNames} files` });
  }
  return names;
}

export async function readMark(files: FileSystem, folder: string): Promise<RestoreMark | undefined> {
  const text = await readOwn(files, posix.join(folder, markName), mostMarkBytes);
  return text === undefined ? undefined : parseAs(mark, parseSoundJson(text));
}

/** Undefined where there is no such file of ours. */
export async function readOwn(files: FileSystem, path: string, mostBytes: number): Promise<string | undefined> {
  try {
    const isFile = (await files.lstat(path)).isFile();
    return isFile ? Buffer.from(await files.readText(path, mostBytes), 'latin1').toString('utf8') : undefined;
  } catch (error) {
    // What others alone may read is none of ours.
    if (isAbsent(error) || hasCode(error, 'EACCES')) {
      return undefined;
    }
    throw error;
  }
}

/** What the file system says, as why a folder cannot be written. */
export async function orFault<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw errnoOf(error) === undefined
      ? error
      : transferFailure('cannotWrite', { folder, said: displayLine((error as Error).message) });
  }
}

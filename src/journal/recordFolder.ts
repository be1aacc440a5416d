// A record in a folder of its own, held by who works on it: how it comes to be, is read, and goes. There whole or not
// at all, whenever somebody dies.
import { join } from 'node:path';
import type * as v from 'valibot';
import type { Log } from '../base/log.js';
import {
  discard,
  type FileSystem,
  idPattern,
  journalFailure,
  namesIn,
  ownFolder,
  readBounded,
  removeLeftovers,
  replaceFile,
  syncFolder,
  writeNew,
} from './durable.js';
import { hasCode } from '../base/errno.js';
import type { Writer } from './entry.js';
import { type DiskLock, lockNew, lockOf, takeLock } from './diskLock.js';
import { parseAs, parseJson, writeJson } from './json.js';
import { thisWriter } from './writer.js';

/** Where records of one kind are: `root/ID/file`. */
export interface RecordPlace {
  /** The folder of all that is written down, which nobody else may look into. */
  readonly folder: string;
  /** In it, the folder of this kind. */
  readonly root: string;
  readonly fs: FileSystem;
  readonly log: Log;
}

interface NewRecord {
  readonly id: string;
  /** Name of the file. */
  readonly file: string;
  readonly text: string;
  readonly writer: Writer;
}

/** Resolves when it is on the disk, held by the writer. Where that fails, nothing of it is left. */
export async function beginRecord(
  { folder, root, fs, log }: RecordPlace,
  { id, file, text, writer }: NewRecord,
): Promise<DiskLock> {
  const making = join(root, `new-${id}`);
  const made = join(root, id);
  try {
    await ownFolder(fs, folder);
    if (root !== folder) {
      await ownFolder(fs, root);
    }
    await removeLeftovers(fs, root, log);
    await fs.mkdir(making, { mode: 0o700 });
    await writeNew(fs, join(making, file), text);
    await lockNew(fs, making, writer);
    await syncFolder(fs, making);
    await fs.rename(making, made);
    await syncFolder(fs, root);
  } catch (error) {
    await discard(fs, [making, made], log);
    throw error;
  }
  // Its first holder, made with it.
  return lockOf(fs, made, 1);
}

/** One that is held. Whatever cannot be written becomes a Failure of kind `journal`. */
export interface OpenRecord<R> {
  readonly record: R;
  /** Resolves when it is on the disk. */
  readonly put: (news: Partial<R>) => Promise<void>;
  /** Nothing of it is left. */
  readonly forget: () => Promise<void>;
  /** Somebody else may go on with it. Never rejects. */
  readonly leave: () => Promise<void>;
}

interface RecordFile {
  readonly file: string;
  readonly version: number;
  /** What is longer could not be read again, so it is not written. */
  readonly maxBytes: number;
  /** For the log: lab, move. */
  readonly of: string;
}

export function openRecord<R extends { readonly id: string }>(
  place: RecordPlace,
  { file, version, maxBytes, of }: RecordFile,
  { record: begun, hold }: { readonly record: R; readonly hold: DiskLock },
): OpenRecord<R> {
  const { root, fs, log } = place;
  const folder = join(root, begun.id);
  let record = begun;
  let last: Promise<void> = Promise.resolve();
  const orFailure = <T>(doing: string, work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw journalFailure(error, root, { doing: `${doing} a ${of}`, begun: true });
    });
  return {
    get record() {
      return record;
    },
    put: (news) => {
      record = { ...record, ...news };
      const text = writeJson({ version, ...record });
      const writing = orFailure(
        'write down what became of',
        last.then(() => {
          requireShort(text, maxBytes, folder);
          return replaceFile(fs, join(folder, file), text, log);
        }),
      );
      // Who waits for this one is told; the next one is tried all the same.
      last = writing.catch(() => undefined);
      return writing;
    },
    forget: async () => {
      await last;
      await orFailure('forget', forgetRecord(place, begun.id));
    },
    leave: async () => {
      await last;
      await hold.release().catch((error: unknown) => log.warn(`${folder} stays held: ${String(error)}`));
    },
  };
}

function requireShort(text: string, maxBytes: number, folder: string): void {
  if (Buffer.byteLength(text) > maxBytes) {
    throw new RangeError(`${folder} would take more than ${maxBytes} bytes`);
  }
}

/** Takes up one that nobody works on. Read when it is held: until then somebody else may have written to it. */
export async function takeUpRecord<T>(
  { root, fs }: Pick<RecordPlace, 'root' | 'fs'>,
  { id, file, writer }: Omit<NewRecord, 'text'>,
  read: (id: string) => Promise<T | undefined>,
): Promise<{ readonly record: T; readonly hold: DiskLock } | 'busy' | 'gone'> {
  const hold = await takeLock(fs, join(root, id), writer, file);
  if (typeof hold === 'string') {
    return hold;
  }
  const record = await read(id);
  if (record === undefined) {
    await hold.release();
    return 'gone';
  }
  return { record, hold };
}

/**
 * In one move, with all that is in its folder. Resolves when it is gone for all who look for it.
 * @param old a name of its own where a record of this id may be made, and forgotten, once more meanwhile
 */
export async function forgetRecord(
  { root, fs, log }: Omit<RecordPlace, 'folder'>,
  id: string,
  old = id,
): Promise<void> {
  const aside = join(root, `old-${old}`);
  try {
    await fs.rename(join(root, id), aside);
    await syncFolder(fs, root);
  } finally {
    await discard(fs, [aside], log);
  }
}

/** Never rejects. What `parse` does not take, and what cannot be read, is said in the log, and stays. */
export async function readRecord<T>(
  { fs, log }: Pick<RecordPlace, 'fs' | 'log'>,
  path: string,
  { maxBytes, parse }: { readonly maxBytes: number; readonly parse: (value: unknown) => T | undefined },
): Promise<T | 'gone' | 'unreadable'> {
  try {
    const bytes = await readBounded(fs, path, maxBytes);
    const read = bytes === 'tooLong' ? undefined : parse(parseJson(bytes.toString('utf8')));
    if (read !== undefined) {
      return read;
    }
    log.warn(`${path} is nothing that we wrote, and is not believed`);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return 'gone';
    }
    log.warn(`${path} cannot be read: ${String(error)}`);
  }
  return 'unreadable';
}

/** Takes what has the shape and says that it is the one with this id. */
export function recordWith<T extends { readonly id: string }>(
  shape: v.GenericSchema<unknown, T & { readonly version: number }>,
  id: string,
): (value: unknown) => T | undefined {
  return (value) => {
    const read = parseAs(shape, value);
    if (read?.id !== id) {
      return undefined;
    }
    const { version: _, ...record } = read;
    return record as unknown as T;
  };
}

/** @returns undefined where it is gone. @throws what `busy` makes, where somebody works on it */
export async function withHeld<O extends Pick<OpenRecord<never>, 'leave'>, T>(
  store: { readonly lock: (id: string) => Promise<O | 'busy' | 'gone'> },
  id: string,
  busy: () => Error,
  work: (open: O) => Promise<T>,
): Promise<T | undefined> {
  const open = await store.lock(id);
  if (open === 'busy') {
    throw busy();
  }
  if (open === 'gone') {
    return undefined;
  }
  try {
    return await work(open);
  } finally {
    await open.leave();
  }
}

/** What records of one kind look like. */
export interface RecordKind<R extends { readonly id: string }> extends RecordFile {
  readonly shape: v.GenericSchema<unknown, R & { readonly version: number }>;
  /** More are not looked at. */
  readonly most: number;
}

/** All records of one kind. Whatever cannot be written becomes a Failure of kind `journal`. */
export class RecordStore<R extends { readonly id: string }> {
  /** @param shell what others are told of who works on one */
  constructor(
    private readonly place: RecordPlace,
    private readonly kind: RecordKind<R>,
    private readonly shell?: string,
  ) {}

  /** What cannot be believed is left alone, and said in the log. */
  async list(): Promise<readonly R[]> {
    const { fs, root } = this.place;
    const ids = (await namesIn(fs, root)).filter((name) => idPattern.test(name)).slice(0, this.kind.most);
    return (await Promise.all(ids.map((id) => this.#read(id)))).filter((one) => one !== undefined);
  }

  /** Resolves when it is on the disk: only then may anything be done. */
  async begin(record: R): Promise<OpenRecord<R>> {
    const { file, version, of, maxBytes, most } = this.kind;
    const { fs, root } = this.place;
    try {
      const text = writeJson({ version, ...record });
      requireShort(text, maxBytes, join(root, record.id));
      if ((await namesIn(fs, root)).filter((name) => idPattern.test(name)).length >= most) {
        throw new RangeError(`${root} has ${most} records already`);
      }
      const writer = await thisWriter(this.shell);
      return this.#open(record, await beginRecord(this.place, { id: record.id, file, text, writer }));
    } catch (error) {
      throw journalFailure(error, this.place.root, { doing: `write down a ${of}` });
    }
  }

  /** `busy`: somebody works on it, in this process or another. */
  async lock(id: string): Promise<OpenRecord<R> | 'busy' | 'gone'> {
    const { file, of } = this.kind;
    try {
      const writer = await thisWriter(this.shell);
      const taken = await takeUpRecord(this.place, { id, file, writer }, (each) => this.#read(each));
      return typeof taken === 'string' ? taken : this.#open(taken.record, taken.hold);
    } catch (error) {
      throw journalFailure(error, join(this.place.root, id), { doing: `take up a ${of}` });
    }
  }

  /** See `withHeld`. */
  withHeld<T>(id: string, busy: () => Error, work: (open: OpenRecord<R>) => Promise<T>): Promise<T | undefined> {
    return withHeld(this, id, busy, work);
  }

  #open(record: R, hold: DiskLock): OpenRecord<R> {
    return openRecord(this.place, this.kind, { record, hold });
  }

  async #read(id: string): Promise<R | undefined> {
    const { file, maxBytes, shape } = this.kind;
    const read = await readRecord(this.place, join(this.place.root, id, file), {
      maxBytes,
      parse: recordWith(shape, id),
    });
    return typeof read === 'string' ? undefined : read;
  }
}

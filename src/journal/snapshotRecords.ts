// What we know of single snapshots and a rule must be able to believe later. A description can be written by any
// client; these files by us alone.
import { createHash } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { Failure } from '../domain/failure.js';
import type { VmRef } from '../domain/vm.js';
import {
  discard,
  type FileSystem,
  journalFailure,
  namesIn,
  ownFolder,
  readBounded,
  removeLeftovers,
  replaceFile,
  syncFolder,
} from './durable.js';
import { hasCode } from '../base/errno.js';
import { count, parseAs, parseJson, secondsOf, snapshotTime, writeJson } from './json.js';

const version = 1;
const maxBytes = 16 * 1024;
const namePattern = /^[0-9a-f]{64}\.json$/;

const soundShape = v.looseObject({
  version: v.literal(version),
  connection: v.string(),
  uuid: v.string(),
  name: v.string(),
  createdAt: snapshotTime,
  at: count,
});

/** One snapshot: a name alone could be another one's by now. */
export interface OneSnapshot {
  readonly name: string;
  /** Milliseconds since 1970, as the snapshot itself says. */
  readonly createdAt: number;
}

export interface SnapshotRecordsOptions<T extends OneSnapshot> {
  /** The subfolder, one for each sort of records. */
  readonly subfolder: string;
  /** Beyond so many of a VM the oldest are forgotten. */
  readonly maxOfVm: number;
  /** What stands in the file beside the name and the time. */
  readonly write: (record: T) => Readonly<Record<string, unknown>>;
  /** Undefined for whatever `write` would not have written. */
  readonly parse: (one: OneSnapshot, fields: Readonly<Record<string, unknown>>) => T | undefined;
  /**
   * What a file or folder that cannot be read or believed counts as: nothing, or a Failure, where nothing would harm.
   */
  readonly inDoubt: 'none' | 'fail';
  /** For the log and the message, when it cannot be read or written. */
  readonly doing: { readonly add: string; readonly forget: string; readonly read: string };
}

interface StoredRecord<T> {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly record: T;
}

/**
 * A folder for each VM and a file for each snapshot, so that two editors never write the same file with different
 * words. Whatever cannot be written becomes a Failure of kind `journal`.
 */
export class SnapshotRecords<T extends OneSnapshot> {
  readonly #root: string;

  constructor(
    readonly options: SnapshotRecordsOptions<T>,
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#root = join(folder, options.subfolder);
  }

  /** Resolves when it is on the disk. */
  async add(vm: VmRef, record: T): Promise<void> {
    const { name, createdAt } = record;
    const folder = this.#folderOf(vm);
    const path = join(folder, fileOf(name, createdAt));
    const { connection, uuid } = vm;
    try {
      // Readers take the last one for the newest, also after the clock was set back.
      const last = (await this.#read(vm)).at(-1)?.at ?? 0;
      const text = writeJson({
        version,
        connection,
        uuid,
        name,
        createdAt: secondsOf(createdAt),
        ...this.options.write(record),
        at: Math.max(Date.now(), last + 1),
      });
      if (Buffer.byteLength(text) > maxBytes) {
        throw new RangeError(`A record of ${text.length} characters`);
      }
      await ownFolder(this.fs, this.folder);
      await ownFolder(this.fs, folder);
      await removeLeftovers(this.fs, folder, this.log);
      await replaceFile(this.fs, path, text, this.log);
      const older = (await this.#read(vm)).slice(0, -this.options.maxOfVm).map((each) => join(folder, each.name));
      await discard(this.fs, older, this.log);
    } catch (error) {
      throw journalFailure(error, this.#root, { doing: this.options.doing.add, connection, snapshot: name });
    }
  }

  /** Those with a record that this one is true of. What cannot be read is of none. */
  async vms(isMeant: (record: T) => boolean): Promise<readonly VmRef[]> {
    const found: VmRef[] = [];
    for (const folder of await this.#names(this.#root, [], /^[0-9a-f]{64}$/)) {
      for (const name of await this.#names(join(this.#root, folder))) {
        const text = await readBounded(this.fs, join(this.#root, folder, name), maxBytes).catch(
          () => 'tooLong' as const,
        );
        const ref = text === 'tooLong' ? undefined : parseAs(soundShape, parseJson(text.toString('utf8')));
        const record = ref && text !== 'tooLong' ? this.#parse(text.toString('utf8'), ref, name) : undefined;
        if (ref !== undefined && record !== undefined && isMeant(record.record)) {
          found.push({ connection: ref.connection, uuid: ref.uuid });
          break;
        }
      }
    }
    return found;
  }

  /** Oldest first. One that is damaged is not believed, and stays. */
  async of(vm: VmRef): Promise<readonly T[]> {
    const doubtful: string[] = [];
    const kept = await this.#read(vm, doubtful);
    if (doubtful.length > 0 && this.options.inDoubt === 'fail') {
      throw new Failure('journal', {
        path: doubtful[0] ?? '',
        doing: this.options.doing.read,
        connection: vm.connection,
      });
    }
    return kept.map(({ record }) => record).slice(-this.options.maxOfVm);
  }

  async forget(vm: VmRef, { name, createdAt }: OneSnapshot): Promise<void> {
    const folder = this.#folderOf(vm);
    try {
      await this.fs.rm(join(folder, fileOf(name, createdAt)), { force: true });
      await syncFolder(this.fs, folder);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) {
        return;
      }
      const details = { doing: this.options.doing.forget, connection: vm.connection, snapshot: name };
      throw journalFailure(error, this.#root, details);
    }
  }

  async #read(vm: VmRef, doubtful: string[] = []): Promise<readonly StoredRecord<T>[]> {
    const folder = this.#folderOf(vm);
    const kept: StoredRecord<T>[] = [];
    // Twice as many as there may be: more than two editors can leave between them.
    for (const name of (await this.#names(folder, doubtful)).slice(0, 2 * this.options.maxOfVm)) {
      const path = join(folder, name);
      try {
        const text = await readBounded(this.fs, path, maxBytes);
        const one = text === 'tooLong' ? undefined : this.#parse(text.toString('utf8'), vm, name);
        if (one === undefined) {
          this.log.warn(`${path} is no record of this VM and is not believed`);
          doubtful.push(path);
        } else {
          kept.push(one);
        }
      } catch (error) {
        // Gone meanwhile, or not to be read: either way it vouches for nothing.
        this.log.warn(`${path} cannot be read: ${String(error)}`);
        if (!hasCode(error, 'ENOENT')) {
          doubtful.push(path);
        }
      }
    }
    return kept.sort((a, b) => a.at - b.at);
  }

  async #names(folder: string, doubtful: string[] = [], pattern = namePattern): Promise<readonly string[]> {
    try {
      return (await namesIn(this.fs, folder)).filter((name) => pattern.test(name)).sort();
    } catch (error) {
      this.log.warn(`${folder} cannot be read: ${String(error)}`);
      doubtful.push(folder);
      return [];
    }
  }

  #folderOf({ connection, uuid }: VmRef): string {
    return join(this.#root, hash(connection, uuid));
  }

  /** Undefined for whatever does not say of itself what its place says. */
  #parse(text: string, vm: VmRef, file: string): StoredRecord<T> | undefined {
    const sound = parseAs(soundShape, parseJson(text));
    if (sound?.connection !== vm.connection || sound.uuid !== vm.uuid || fileOf(sound.name, sound.createdAt) !== file) {
      return undefined;
    }
    const { name, createdAt, at } = sound;
    const record = this.options.parse({ name, createdAt }, sound);
    return record && { name: file, at, record };
  }
}

function fileOf(name: string, createdAt: number): string {
  return `${hash(name, String(secondsOf(createdAt)))}.json`;
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(writeJson(parts)).digest('hex');
}

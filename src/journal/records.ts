// What we did and a rule must be able to believe later: the snapshots that we took unasked. A description can be written
// by any client; these files by us alone. Refuses to know whether such a snapshot still exists.
import { createHash, randomBytes } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log/log.js';
import type { AutoReason } from '../model/operation.js';
import type { AutoSnapshot } from '../model/plan.js';
import type { VmRef } from '../model/vm.js';
import {
  discard,
  type FileSystem,
  hasCode,
  journalFailure,
  namesIn,
  ownFolder,
  readBounded,
  removeLeftovers,
  syncFolder,
  writeNew,
} from './durable.js';
import { isCount, isObject, parseJson, writeJson } from './json.js';

const version = 1;
const maxBytes = 16 * 1024;
const maxOfVm = 200;
/** More than two editors can leave between them. */
const maxRead = 2 * maxOfVm;
const halfPattern = /^new-[0-9a-f]{32}$/;
const namePattern = /^[0-9a-f]{64}\.json$/;
const reasons: Readonly<Record<AutoReason, true>> = { revert: true, layout: true };

interface Kept {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly snapshot: AutoSnapshot;
}

/**
 * A folder for each VM and a file for each snapshot, so that two editors never write the same file with different
 * words. Whatever cannot be written becomes a Failure of kind `journal`.
 */
export class Records {
  readonly #root: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#root = join(folder, 'records');
  }

  /** Resolves when it is on the disk. Beyond the newest 200 of a VM the oldest are forgotten. */
  async add(vm: VmRef, { name, why, createdAt, target }: AutoSnapshot): Promise<void> {
    const folder = this.#folderOf(vm);
    const path = join(folder, fileOf(name, createdAt));
    const making = join(folder, `new-${randomBytes(16).toString('hex')}`);
    const { connection, uuid } = vm;
    try {
      const text = writeJson({ version, connection, uuid, name, why, createdAt, target, at: Date.now() });
      if (Buffer.byteLength(text) > maxBytes) {
        throw new RangeError(`A record of ${text.length} characters`);
      }
      await ownFolder(this.fs, this.folder);
      await ownFolder(this.fs, folder);
      await removeLeftovers(this.fs, folder, halfPattern, this.log);
      await writeNew(this.fs, making, text);
      await this.fs.rename(making, path);
      await syncFolder(this.fs, folder);
      const older = (await this.#read(vm)).slice(0, -maxOfVm).map((each) => join(folder, each.name));
      await discard(this.fs, older, this.log);
    } catch (error) {
      await discard(this.fs, [making], this.log);
      throw journalFailure(error, this.#root, {
        doing: 'recording a snapshot that we took',
        connection,
        snapshot: name,
      });
    }
  }

  /** Oldest first. One that is damaged is not believed, and stays. */
  async of(vm: VmRef): Promise<readonly AutoSnapshot[]> {
    return (await this.#read(vm)).map(({ snapshot }) => snapshot).slice(-maxOfVm);
  }

  async forget(vm: VmRef, { name, createdAt }: Pick<AutoSnapshot, 'name' | 'createdAt'>): Promise<void> {
    const folder = this.#folderOf(vm);
    try {
      await this.fs.rm(join(folder, fileOf(name, createdAt)), { force: true });
      await syncFolder(this.fs, folder);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) {
        return;
      }
      const details = { doing: 'forgetting a snapshot that we took', connection: vm.connection, snapshot: name };
      throw journalFailure(error, this.#root, details);
    }
  }

  async #read(vm: VmRef): Promise<readonly Kept[]> {
    const folder = this.#folderOf(vm);
    const kept: Kept[] = [];
    for (const name of (await this.#names(folder)).slice(0, maxRead)) {
      const path = join(folder, name);
      try {
        const text = await readBounded(this.fs, path, maxBytes);
        const one = text === 'tooLong' ? undefined : parseKept(text.toString('utf8'), vm, name);
        if (one === undefined) {
          this.log.warn(`${path} is no record of this VM and is not believed`);
        } else {
          kept.push(one);
        }
      } catch (error) {
        // Gone meanwhile, or not to be read: either way it vouches for nothing.
        this.log.warn(`${path} cannot be read: ${String(error)}`);
      }
    }
    return kept.sort((a, b) => a.at - b.at);
  }

  async #names(folder: string): Promise<readonly string[]> {
    try {
      return (await namesIn(this.fs, folder)).filter((name) => namePattern.test(name)).sort();
    } catch (error) {
      this.log.warn(`${folder} cannot be read: ${String(error)}`);
      return [];
    }
  }

  #folderOf({ connection, uuid }: VmRef): string {
    return join(this.#root, hash(connection, uuid));
  }
}

/** Undefined for whatever does not say of itself what its place says. */
function parseKept(text: string, vm: VmRef, file: string): Kept | undefined {
  const value = parseJson(text);
  if (!isObject(value) || value['version'] !== version) {
    return undefined;
  }
  const { name, why, createdAt, target, at } = value;
  if (
    value['connection'] !== vm.connection ||
    value['uuid'] !== vm.uuid ||
    typeof name !== 'string' ||
    !isReason(why) ||
    !isCount(createdAt) ||
    !(target === undefined || typeof target === 'string') ||
    !isCount(at) ||
    fileOf(name, createdAt) !== file
  ) {
    return undefined;
  }
  return { name: file, at, snapshot: { name, why, createdAt, ...(target === undefined ? {} : { target }) } };
}

function isReason(value: unknown): value is AutoReason {
  return typeof value === 'string' && Object.hasOwn(reasons, value);
}

function fileOf(name: string, createdAt: number): string {
  return `${hash(name, String(createdAt))}.json`;
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(writeJson(parts)).digest('hex');
}

// Bisects as they stand, one for each VM, written down after each answer and before each clone: if a process dies in
// the middle, the next one continues. Anybody with our rights may have written here: what has not the shape is not
// believed, and stays.
import { cloneNetworks } from '../domain/clone.js';
import { createHash } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { type Bisect, verdicts } from '../domain/bisect.js';
import type { VmRef } from '../domain/vm.js';
import {
  type FileSystem,
  idPattern,
  journalFailure,
  namesIn,
  newId,
  ownFolder,
  removeLeftovers,
  replaceFile,
} from '../journal/durable.js';
import { type DiskLock, takeLock } from '../journal/diskLock.js';
import { count, parseAs, writeJson } from '../journal/json.js';
import { forgetRecord, readRecord } from '../journal/recordFolder.js';
import { thisWriter } from '../journal/writer.js';
import { BisectStop } from './bisectStop.js';

const version = 1;
const maxBytes = 4 * 1024 * 1024;
const maxBisects = 1000;
const maxPoints = 10_000;
const file = 'bisect.json';

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
/** As Linux takes one argument. */
const word = v.pipe(v.string(), v.maxLength(128 * 1024));
const limit = v.pipe(count, v.maxValue(7 * 24 * 60 * 60 * 1000));
const verdict = v.picklist(verdicts);
const programShape = { program: v.pipe(word, v.minLength(1)), args: v.pipe(v.array(word), v.maxLength(1000)) };

const shape = v.object({
  version: v.literal(version),
  vm: v.object({ connection: text, uuid: text }),
  vmName: text,
  startedAt: count,
  line: v.pipe(
    v.array(v.object({ name: text, title: text, createdAt: count })),
    v.minLength(1),
    v.maxLength(maxPoints),
  ),
  check: v.variant('kind', [
    v.object({ kind: v.picklist(['host', 'guest', 'console']), ...programShape }),
    v.object({ kind: v.literal('person') }),
  ]),
  network: v.picklist(cloneNetworks),
  start: v.picklist(['started', 'off']),
  tries: v.pipe(count, v.minValue(1), v.maxValue(99)),
  jobs: v.exactOptional(v.pipe(count, v.minValue(1), v.maxValue(64))),
  checkMs: limit,
  startMs: limit,
  answers: v.pipe(
    v.array(
      v.object({
        point: count,
        verdict,
        tries: v.pipe(
          v.array(
            v.object({
              verdict,
              exit: v.exactOptional(count),
              why: v.exactOptional(v.picklist(['late', 'noStart'])),
            }),
          ),
          v.maxLength(99),
        ),
      }),
    ),
    v.maxLength(2 * maxPoints),
  ),
  probes: v.pipe(v.array(v.object({ point: count, name: text, uuid: text })), v.maxLength(1000)),
}) satisfies v.GenericSchema<unknown, Bisect>;

/** A shape that could be ours, and that points into its own line. */
export function parseBisect(value: unknown): Bisect | undefined {
  const read = parseAs(shape, value);
  if (read === undefined) {
    return undefined;
  }
  const { version: _, ...bisect } = read;
  const isInLine = ({ point }: { readonly point: number }): boolean => point < bisect.line.length;
  return bisect.answers.every(isInLine) && bisect.probes.every(isInLine) ? bisect : undefined;
}

/** Whether it could be read again, with room for the answers that are still to come. */
export function fitsStore(bisect: Bisect): boolean {
  const written = writeJson({ version, ...bisect });
  return Buffer.byteLength(written) <= maxBytes / 2 && parseBisect(JSON.parse(written)) !== undefined;
}

/** A bisect that one process at a time may change. */
export interface LockedBisect {
  /** Resolves when it is on the disk. @throws Failure `journal` */
  put(bisect: Bisect): Promise<void>;
  /** Undefined where there is none. @throws BisectStop `unreadable` */
  read(): Promise<Bisect | undefined>;
  /** Keeps what is written. Never rejects. */
  release(): Promise<void>;
  /** It is over, and nothing is to be kept of it. */
  forget(): Promise<void>;
}

export interface StoredBisects {
  readonly bisects: readonly Bisect[];
  /** What is there and cannot be believed. It stays. */
  readonly unreadable: readonly string[];
}

export class BisectStore {
  readonly #root: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#root = join(folder, 'bisects');
  }

  /** By the names of their VMs. Never rejects. */
  async list(): Promise<StoredBisects> {
    const unreadable: string[] = [];
    const bisects: Bisect[] = [];
    try {
      for (const name of (await namesIn(this.fs, this.#root))
        .filter((one) => idPattern.test(one))
        .slice(0, maxBisects)) {
        const read = await this.#read(join(this.#root, name, file));
        if (read === 'unreadable' || (read !== undefined && idOf(read.vm) !== name)) {
          unreadable.push(join(this.#root, name, file));
        } else if (read !== undefined) {
          bisects.push(read);
        }
      }
    } catch (error) {
      this.log.warn(`${this.#root} cannot be read: ${String(error)}`);
      unreadable.push(this.#root);
    }
    return { bisects: bisects.toSorted((a, b) => (a.vmName < b.vmName ? -1 : 1)), unreadable };
  }

  /** Its state, also while another process works at it. */
  async of(vm: VmRef): Promise<Bisect | undefined> {
    const read = await this.#readOf(vm);
    return read === 'unreadable' ? undefined : read;
  }

  /** `busy`: another process, or another part of this one, works at it. @throws Failure `journal` */
  async lock(vm: VmRef): Promise<LockedBisect | 'busy'> {
    const folder = this.#folderOf(vm);
    try {
      await ownFolder(this.fs, this.folder);
      await ownFolder(this.fs, this.#root);
      await removeLeftovers(this.fs, this.#root, this.log);
      await ownFolder(this.fs, folder);
      const hold = await takeLock(this.fs, folder, await thisWriter(), file);
      return typeof hold === 'string' ? 'busy' : this.#lockedBisect(vm, folder, hold);
    } catch (error) {
      throw journalFailure(error, this.#root, { doing: 'hold a bisect' });
    }
  }

  #lockedBisect(vm: VmRef, folder: string, hold: DiskLock): LockedBisect {
    const release = async (): Promise<void> => {
      await hold.release().catch((error: unknown) => this.log.warn(`${folder} cannot be released: ${String(error)}`));
    };
    return {
      put: async (bisect) => {
        try {
          await replaceFile(this.fs, join(folder, file), writeJson({ version, ...bisect }), this.log);
        } catch (error) {
          throw journalFailure(error, folder, { doing: 'write down a bisect' });
        }
      },
      read: async () => {
        const read = await this.#readOf(vm);
        if (read === 'unreadable') {
          throw new BisectStop({ kind: 'unreadable', path: join(folder, file) });
        }
        return read;
      },
      release,
      forget: async () => {
        const place = { root: this.#root, fs: this.fs, log: this.log };
        try {
          await forgetRecord(place, idOf(vm), newId());
        } catch (error) {
          await release();
          throw journalFailure(error, folder, { doing: 'forget a bisect' });
        }
      },
    };
  }

  async #readOf(vm: VmRef): Promise<Bisect | 'unreadable' | undefined> {
    const read = await this.#read(join(this.#folderOf(vm), file));
    return typeof read === 'object' && idOf(read.vm) !== idOf(vm) ? 'unreadable' : read;
  }

  async #read(path: string): Promise<Bisect | 'unreadable' | undefined> {
    const read = await readRecord(this, path, { maxBytes, parse: parseBisect });
    return read === 'gone' ? undefined : read;
  }

  #folderOf(vm: VmRef): string {
    return join(this.#root, idOf(vm));
  }
}

function idOf({ connection, uuid }: VmRef): string {
  return createHash('sha256').update(`${connection}\n${uuid}`).digest('hex').slice(0, 32);
}

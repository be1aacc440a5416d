// The virtual systems of a user and their restore points: a folder for each system and a file for each point, so that
// two editors never write the same file with different words.
import { snapshotKinds } from '../domain/snapshot.js';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { Failure } from '../domain/failure.js';
import {
  type StartWait,
  type StoredSystem,
  type SystemMember,
  type SystemPoint,
  type VirtualSystem,
  memberStates,
} from '../domain/system.js';
import {
  type FileSystem,
  idPattern,
  journalFailure,
  namesIn,
  newId,
  ownFolder,
  removeLeftovers,
  replaceFile,
  syncFolder,
} from './durable.js';
import { count, parseAs, secondsOf, snapshotTime, writeJson } from './json.js';
import { forgetRecord, readRecord } from './recordFolder.js';

const version = 1;
const maxBytes = 64 * 1024;
const maxSystems = 200;
const maxPoints = 1000;
export const maxMembers = 64;
const systemFile = 'system.json';
const pointPattern = /^point-[0-9a-f]{32}\.json$/;

const id = v.pipe(v.string(), v.regex(idPattern));
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(500));
const longest = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400));

const waitShape = v.variant('kind', [
  v.object({ kind: v.literal('agent'), seconds: longest }),
  v.object({
    kind: v.literal('port'),
    port: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65_535)),
    host: v.exactOptional(text),
    seconds: longest,
  }),
  v.object({ kind: v.literal('time'), seconds: longest }),
  v.object({
    kind: v.literal('command'),
    program: text,
    args: v.pipe(v.array(text), v.maxLength(100)),
    seconds: longest,
  }),
]) satisfies v.GenericSchema<unknown, StartWait>;

const ref = { connection: text, uuid: text, name: text };

const memberShape = v.object({
  ...ref,
  after: v.exactOptional(v.pipe(v.array(text), v.maxLength(maxMembers))),
  wait: v.exactOptional(waitShape),
}) satisfies v.GenericSchema<unknown, SystemMember>;

const systemShape = v.object({
  version: v.literal(version),
  id,
  name: text,
  members: v.pipe(v.array(memberShape), v.minLength(1), v.maxLength(maxMembers)),
});

const pointShape = v.object({
  version: v.literal(version),
  id,
  title: text,
  createdAt: count,
  spreadMs: v.exactOptional(v.pipe(v.number(), v.minValue(0))),
  members: v.pipe(
    v.array(
      v.object({
        ...ref,
        snapshot: text,
        createdAt: snapshotTime,
        kind: v.picklist(snapshotKinds),
        state: v.picklist(memberStates),
      }),
    ),
    v.minLength(1),
    v.maxLength(maxMembers),
  ),
  auto: v.exactOptional(v.picklist(['revert', 'work', 'layer'])),
  by: v.exactOptional(text),
  git: v.exactOptional(text),
});

export interface StoredSystems {
  /** By name. */
  readonly systems: readonly StoredSystem[];
  /** What is there and cannot be believed. It stays. */
  readonly unreadable: readonly string[];
}

/** Whatever cannot be written becomes a Failure of kind `journal`. */
export class SystemStore {
  readonly #root: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#root = join(folder, 'systems');
  }

  async list(): Promise<StoredSystems> {
    const unreadable: string[] = [];
    const ids = (await this.#names(this.#root, idPattern, unreadable)).slice(0, maxSystems);
    const systems: StoredSystem[] = [];
    for (const each of ids) {
      const folder = join(this.#root, each);
      const read = await this.#read(join(folder, systemFile), systemShape, unreadable);
      if (read === undefined) {
        continue;
      }
      const { version: _, ...system } = read;
      if (system.id !== each) {
        unreadable.push(join(folder, systemFile));
        continue;
      }
      systems.push({ system, points: await this.#points(folder, unreadable) });
    }
    return { systems: systems.sort((a, b) => (a.system.name < b.system.name ? -1 : 1)), unreadable };
  }

  /** Resolves when it is on the disk. @throws Failure `invalid` where nobody could read it again */
  async put(system: VirtualSystem): Promise<void> {
    const folder = this.#folderOf(system.id);
    if (!v.is(systemShape, JSON.parse(JSON.stringify({ version, ...system })))) {
      throw new Failure('invalid', { doing: 'write down a system of VMs' });
    }
    await this.#writing(async () => {
      await ownFolder(this.fs, this.folder);
      await ownFolder(this.fs, this.#root);
      await removeLeftovers(this.fs, this.#root, this.log);
      await ownFolder(this.fs, folder);
      await this.#replace(folder, systemFile, { version, ...system });
    });
  }

  /** Resolves when it is on the disk. */
  async putPoint(system: string, point: SystemPoint): Promise<void> {
    const members = point.members.map((member) => ({ ...member, createdAt: secondsOf(member.createdAt) }));
    await this.#writing(() =>
      this.#replace(this.#folderOf(system), pointFile(point.id), { version, ...point, members }),
    );
  }

  async forgetPoint(system: string, point: string): Promise<void> {
    const folder = this.#folderOf(system);
    await this.#writing(async () => {
      await this.fs.rm(join(folder, pointFile(point)), { force: true });
      await syncFolder(this.fs, folder);
    });
  }

  /** With all its points, in one move. */
  async forget(system: string): Promise<void> {
    const place = { root: this.#root, fs: this.fs, log: this.log };
    await this.#writing(() => forgetRecord(place, idIn(system), newId()));
  }

  async #points(folder: string, unreadable: string[]): Promise<readonly SystemPoint[]> {
    const points: SystemPoint[] = [];
    for (const name of (await this.#names(folder, pointPattern, unreadable)).slice(0, maxPoints)) {
      const read = await this.#read(join(folder, name), pointShape, unreadable);
      if (read !== undefined && pointFile(read.id) !== name) {
        unreadable.push(join(folder, name));
      } else if (read !== undefined) {
        const { version: _, ...point } = read;
        points.push(point);
      }
    }
    return points.sort((a, b) => a.createdAt - b.createdAt);
  }

  async #read<T>(path: string, shape: v.GenericSchema<unknown, T>, unreadable: string[]): Promise<T | undefined> {
    const read = await readRecord(this, path, { maxBytes, parse: (value) => parseAs(shape, value) });
    if (read === 'unreadable') {
      unreadable.push(path);
    }
    // Gone: removed meanwhile, or never written whole.
    return read === 'gone' || read === 'unreadable' ? undefined : read;
  }

  async #names(folder: string, pattern: RegExp, unreadable: string[]): Promise<readonly string[]> {
    try {
      return (await namesIn(this.fs, folder)).filter((name) => pattern.test(name)).sort();
    } catch (error) {
      this.log.warn(`${folder} cannot be read: ${String(error)}`);
      unreadable.push(folder);
      return [];
    }
  }

  async #replace(folder: string, name: string, value: Readonly<Record<string, unknown>>): Promise<void> {
    const written = writeJson(value);
    if (Buffer.byteLength(written) > maxBytes) {
      throw new RangeError(`A note of ${written.length} characters`);
    }
    await removeLeftovers(this.fs, folder, this.log);
    await replaceFile(this.fs, join(folder, name), written, this.log);
  }

  async #writing(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      throw journalFailure(error, this.#root, { doing: 'write down a system of VMs' });
    }
  }

  #folderOf(system: string): string {
    return join(this.#root, idIn(system));
  }
}

function idIn(system: string): string {
  if (!idPattern.test(system)) {
    throw new RangeError(`${system} names no system`);
  }
  return system;
}

function pointFile(point: string): string {
  return `point-${point}.json`;
}

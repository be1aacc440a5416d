// The log of operations: for each VM what was done to it, newest last, a file for each, so that two editors never write
// into the same one. Bounded; refuses to know what can be undone. Its files may have been written by anybody with our
// rights.
import { snapshotStyles, snapshotKinds } from '../domain/snapshot.js';
import { createHash, randomBytes } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { LoggedOperation, SnapshotChange, LoggedSnapshot } from '../domain/loggedOperation.js';
import type { VmRef } from '../domain/vm.js';
import {
  discard,
  type FileSystem,
  namesIn,
  ownFolder,
  readBounded,
  removeLeftovers,
  syncFolder,
  writeNew,
} from './durable.js';
import { count, parseAs, parseJson, secondsOf, snapshotTime, writeJson } from './json.js';

const version = 1;
const maxBytes = 256 * 1024;
/** The most entries of a VM; the oldest are deleted. */
const mostOfVm = 200;
const namePattern = /^\d{15}-[0-9a-f]{8}\.json$/;

const ref = v.object({ connection: v.string(), uuid: v.string() });
const text = v.exactOptional(v.string());
const seen = v.object({
  name: v.string(),
  createdAt: snapshotTime,
  parent: text,
  title: v.string(),
  description: v.string(),
});
const state = v.object({
  power: v.string(),
  current: text,
  disks: v.array(v.object({ target: v.string(), file: text })),
});

const shape = v.object({
  version: v.literal(version),
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
  at: count,
  vm: ref,
  // What else it asks for is judged by the rules, as of any request.
  request: v.looseObject({ kind: v.string(), vm: ref }),
  snapshot: text,
  checkpoint: text,
  spared: text,
  before: state,
  after: state,
  changes: v.array(v.object({ before: v.exactOptional(seen), after: v.exactOptional(seen) })),
  undoes: text,
  unasked: v.exactOptional(v.literal(true)),
  system: v.exactOptional(v.object({ id: v.string(), name: v.string() })),
  took: v.exactOptional(
    v.object({
      ms: count,
      style: v.picklist(snapshotStyles),
      kind: v.picklist(snapshotKinds),
      snapshots: v.pipe(count, v.minValue(1)),
    }),
  ),
});

/** The folder of the logs, with a folder for each VM. @param folder of the journal */
export function logFolder(folder: string): string {
  return join(folder, 'operations');
}

export function newOperationId(): string {
  return randomBytes(4).toString('hex');
}

export class OperationLog {
  readonly #root: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#root = logFolder(folder);
  }

  /** Never rejects: what it tells has happened. */
  async add(operation: Omit<LoggedOperation, 'at'>): Promise<void> {
    const folder = this.#folderOf(operation.vm);
    const making = join(folder, `new-${randomBytes(16).toString('hex')}`);
    try {
      await ownFolder(this.fs, this.folder);
      await ownFolder(this.fs, folder);
      await removeLeftovers(this.fs, folder, this.log);
      const names = await this.#names(folder);
      // The order of the names is that of the operations, also after the clock was set back.
      const at = Math.max(Date.now(), Number(names.at(-1)?.slice(0, 15) ?? 0) + 1);
      await writeNew(
        this.fs,
        making,
        limitEntry({ version, ...operation, changes: operation.changes.map(inSeconds), at }),
      );
      await this.fs.rename(making, join(folder, `${String(at).padStart(15, '0')}-${operation.id}.json`));
      await syncFolder(this.fs, folder);
      const old = names.slice(0, Math.max(0, names.length + 1 - mostOfVm));
      await discard(
        this.fs,
        old.map((name) => join(folder, name)),
        this.log,
      );
    } catch (error) {
      await discard(this.fs, [making], this.log);
      this.log.warn(
        `${folder} cannot be written, so that this operation cannot be undone by its entry: ${String(error)}`,
      );
    }
  }

  /**
   * Oldest first. What is damaged, or of another VM, is left out.
   * @param newest so many are read
   */
  async of(vm: VmRef, newest = mostOfVm): Promise<readonly LoggedOperation[]> {
    const folder = this.#folderOf(vm);
    const names = (await this.#names(folder)).slice(-newest);
    const read = await Promise.all(names.map((name) => this.#read(join(folder, name), vm)));
    return read.flatMap((one) => one ?? []);
  }

  async #read(path: string, vm: VmRef): Promise<LoggedOperation | undefined> {
    try {
      const found = await readBounded(this.fs, path, maxBytes);
      const entry = found === 'tooLong' ? undefined : parseAs(shape, parseJson(found.toString('utf8')));
      const isOurs = [entry?.vm, entry?.request.vm].every(
        (one) => one?.uuid === vm.uuid && one.connection === vm.connection,
      );
      if (entry !== undefined && isOurs && path.endsWith(`-${entry.id}.json`)) {
        const { version: _, ...rest } = entry;
        return rest as unknown as LoggedOperation;
      }
      this.log.warn(`${path} is no entry of this VM`);
    } catch (error) {
      this.log.warn(`${path} cannot be read: ${String(error)}`);
    }
    return undefined;
  }

  async #names(folder: string): Promise<readonly string[]> {
    return (await namesIn(this.fs, folder)).filter((name) => namePattern.test(name)).sort();
  }

  #folderOf({ connection, uuid }: VmRef): string {
    return join(
      this.#root,
      createHash('sha256')
        .update(writeJson([connection, uuid]))
        .digest('hex'),
    );
  }
}

/** Snapshots tell their time in whole seconds, on the disk too. */
function inSeconds({ before, after }: SnapshotChange): SnapshotChange {
  const withSeconds = (one: LoggedSnapshot): LoggedSnapshot => ({ ...one, createdAt: secondsOf(one.createdAt) });
  return { ...(before && { before: withSeconds(before) }), ...(after && { after: withSeconds(after) }) };
}

/** One that changed more snapshots than fit is kept without them: then nothing tells what undoes it. */
function limitEntry(entry: object): string {
  const written = writeJson(entry);
  return Buffer.byteLength(written) <= maxBytes ? written : writeJson({ ...entry, changes: [] });
}

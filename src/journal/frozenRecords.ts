// What the layers of each VM's snapshots were when we saw them first, in a file for each VM. Refuses to judge what became of
// them.
import { createHash } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { FrozenRecord, LayerIdentity } from '../domain/frozenRecord.js';
import type { VmRef } from '../domain/vm.js';
import {
  type FileSystem,
  hasCode,
  journalFailure,
  ownFolder,
  readBounded,
  removeLeftovers,
  replaceFile,
} from './durable.js';
import { count, parseAs, parseJson, secondsOf, snapshotTime, writeJson } from './json.js';

const version = 1;
const maxBytes = 4 * 1024 * 1024;
/** Of a VM with more, the oldest are not known. */
const mostSnapshots = 1_000;

const text = v.pipe(v.string(), v.maxLength(4_096));
const layerShape = v.object({
  file: text,
  format: text,
  bytes: count,
  virtualBytes: count,
  modifiedAt: v.exactOptional(v.pipe(v.number(), v.finite())),
  tables: v.exactOptional(text),
  sample: v.exactOptional(text),
  backing: v.exactOptional(text),
  writing: v.exactOptional(v.literal(true)),
  merging: v.exactOptional(v.literal(true)),
});
const shape = v.object({
  version: v.literal(version),
  connection: v.string(),
  uuid: v.string(),
  /** Each once: snapshots in a row rest on the same ones. */
  layers: v.array(layerShape),
  snapshots: v.array(
    v.object({
      name: v.string(),
      createdAt: snapshotTime,
      chains: v.array(v.object({ target: text, layers: v.array(count) })),
    }),
  ),
});

export class FrozenRecords {
  readonly #root: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#root = join(folder, 'frozen');
  }

  /** What cannot be read or believed vouches for nothing. */
  async of(vm: VmRef): Promise<readonly FrozenRecord[]> {
    const path = this.#pathOf(vm);
    try {
      const bytes = await readBounded(this.fs, path, maxBytes);
      const read = bytes === 'tooLong' ? undefined : parseAs(shape, parseJson(bytes.toString('utf8')));
      if (read?.connection === vm.connection && read.uuid === vm.uuid) {
        return read.snapshots.map(({ chains, ...one }) => ({
          ...one,
          chains: chains.map(({ target, layers }) => ({
            target,
            layers: layers.flatMap((at) => read.layers[at] ?? []),
          })),
        }));
      }
      this.log.warn(`${path} is no record of this VM and is not believed`);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) {
        this.log.warn(`${path} cannot be read: ${String(error)}`);
      }
    }
    return [];
  }

  /** In place of all that was noted of the VM. Resolves when it is on the disk. */
  async keep(vm: VmRef, records: readonly FrozenRecord[]): Promise<void> {
    const { connection, uuid } = vm;
    try {
      await ownFolder(this.fs, this.folder);
      await ownFolder(this.fs, this.#root);
      await removeLeftovers(this.fs, this.#root, this.log);
      const newest = records.toSorted((one, other) => one.createdAt - other.createdAt).slice(-mostSnapshots);
      const layers = new Map<string, number>();
      const all: LayerIdentity[] = [];
      const numberOf = (layer: LayerIdentity): number => {
        const key = JSON.stringify(layer);
        const number = layers.get(key) ?? all.push(layer) - 1;
        layers.set(key, number);
        return number;
      };
      const snapshots = records
        .filter((one) => newest.includes(one))
        .map(({ name, createdAt, chains }) => ({
          name,
          createdAt: secondsOf(createdAt),
          chains: chains.map((chain) => ({ target: chain.target, layers: chain.layers.map(numberOf) })),
        }));
      const content = writeJson({ version, connection, uuid, layers: all, snapshots });
      if (Buffer.byteLength(content) > maxBytes) {
        throw new RangeError(`Records of ${content.length} characters`);
      }
      await replaceFile(this.fs, this.#pathOf(vm), content, this.log);
    } catch (error) {
      throw journalFailure(error, this.#root, { doing: 'noting what snapshots rest on', connection });
    }
  }

  #pathOf({ connection, uuid }: VmRef): string {
    const name = createHash('sha256')
      .update(writeJson([connection, uuid]))
      .digest('hex');
    return join(this.#root, `${name}.json`);
  }
}

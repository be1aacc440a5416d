// What the layers of each VM's snapshots were when we saw them first, in a file for each VM. Refuses to judge what
// became of them.
import { createHash } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { FrozenRecord, LayerIdentity } from '../domain/frozenRecord.js';
import type { VmRef } from '../domain/vm.js';
import { discard, type FileSystem, journalFailure, replaceIn } from './durable.js';
import { count, parseAs, secondsOf, snapshotTime, writeJson } from './json.js';
import { readRecord } from './recordFolder.js';

const version = 1;
const maxBytes = 4 * 1024 * 1024;
/** The most snapshots of a VM that are recorded; beyond it, the oldest are not known. */
const mostSnapshots = 1_000;

const text = v.pipe(v.string(), v.maxLength(4_096));
const layerShape = v.object({
  file: text,
  format: text,
  bytes: count,
  virtualBytes: count,
  modifiedAt: v.exactOptional(v.pipe(v.number(), v.finite())),
  change: v.exactOptional(v.object({ at: v.pipe(v.number(), v.finite()), of: text })),
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
      chains: v.array(
        v.object({ target: text, layers: v.array(count), tagAt: v.exactOptional(v.pipe(v.number(), v.finite())) }),
      ),
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
    const parse = (value: unknown): readonly FrozenRecord[] | undefined => {
      const read = parseAs(shape, value);
      return read?.connection !== vm.connection || read.uuid !== vm.uuid
        ? undefined
        : read.snapshots.map(({ chains, ...one }) => ({
            ...one,
            chains: chains.map((chain) => ({
              ...chain,
              layers: chain.layers.flatMap((at) => read.layers[at] ?? []),
            })),
          }));
    };
    const read = await readRecord(this, join(this.#root, nameOf(vm)), { maxBytes, parse });
    return typeof read === 'string' ? [] : read;
  }

  /** In place of all that was noted of the VM. Resolves when it is on the disk. */
  async keep(vm: VmRef, records: readonly FrozenRecord[]): Promise<void> {
    const { connection, uuid } = vm;
    if (records.length === 0) {
      await this.forget(vm);
      return;
    }
    try {
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
          chains: chains.map((chain) => ({ ...chain, layers: chain.layers.map(numberOf) })),
        }));
      const content = writeJson({ version, connection, uuid, layers: all, snapshots });
      if (Buffer.byteLength(content) > maxBytes) {
        throw new RangeError(`Records of ${content.length} characters`);
      }
      await replaceIn(this.fs, [this.folder, this.#root], nameOf(vm), content, this.log);
    } catch (error) {
      throw journalFailure(error, this.#root, { doing: 'noting what snapshots rest on', connection });
    }
  }

  /** For a VM that is gone. Never rejects. */
  async forget(vm: VmRef): Promise<void> {
    await discard(this.fs, [join(this.#root, nameOf(vm))], this.log);
  }
}

function nameOf({ connection, uuid }: VmRef): string {
  const digest = createHash('sha256').update(writeJson([connection, uuid]));
  return `${digest.digest('hex')}.json`;
}

// Small pictures of what displays showed when snapshots with RAM were made: a file for each, which only its owner can
// read, and which nobody's data rests on. Bounded; refuses to know what a picture shows.
import { createHash } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import type { VmRef } from '../domain/vm.js';
import {
  changedAt,
  discard,
  type FileSystem,
  namesIn,
  ownFolder,
  readBounded,
  removeLeftovers,
  replaceFile,
} from './durable.js';
import { secondsOf, writeJson } from './json.js';

const maxBytes = 64 * 1024;
/** The most thumbnails of one VM, and the most VMs with thumbnails: those changed longest ago are deleted. */
const [mostOfVm, mostVms] = [100, 100];
const namePattern = /^\d{1,15}\.png$/;
/** Another editor's snapshot may be here before our list of snapshots has it. */
const youngMs = 60_000;

export class Thumbnails {
  readonly #root: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#root = join(folder, 'thumbnails');
  }

  /**
   * What cannot be kept is said in the log: the snapshot is good without.
   * @param createdAt the snapshot's, milliseconds since 1970
   */
  async keep(vm: VmRef, createdAt: number, png: Uint8Array): Promise<void> {
    if (png.length > maxBytes) {
      return;
    }
    const folder = this.#folderOf(vm);
    try {
      await ownFolder(this.fs, this.folder);
      await ownFolder(this.fs, this.#root);
      await ownFolder(this.fs, folder);
      await removeLeftovers(this.fs, folder, this.log);
      await replaceFile(this.fs, join(folder, fileOf(createdAt)), png, this.log);
      await this.#keepNewest(folder, namePattern, mostOfVm);
      await this.#keepNewest(this.#root, /^[0-9a-f]{64}$/, mostVms);
    } catch (error) {
      this.log.debug(`${folder} cannot be written: ${String(error)}`);
    }
  }

  /** Undefined where there is none, or none that could be ours. A snapshot that was renamed has its own still. */
  async of(vm: VmRef, createdAt: number): Promise<Uint8Array | undefined> {
    try {
      const png = await readBounded(this.fs, join(this.#folderOf(vm), fileOf(createdAt)), maxBytes);
      return png === 'tooLong' ? undefined : png;
    } catch {
      return undefined;
    }
  }

  /** Those of other snapshots go. */
  async keepOnly(vm: VmRef, snapshots: readonly { readonly createdAt: number }[]): Promise<void> {
    const folder = this.#folderOf(vm);
    const staying = new Set(snapshots.map(({ createdAt }) => fileOf(createdAt)));
    try {
      const names = (await namesIn(this.fs, folder)).filter((name) => namePattern.test(name) && !staying.has(name));
      for (const path of names.map((name) => join(folder, name))) {
        if (Date.now() - (await changedAt(this.fs, path)) > youngMs) {
          await discard(this.fs, [path], this.log);
        }
      }
    } catch (error) {
      this.log.debug(`${folder} cannot be read: ${String(error)}`);
    }
  }

  async #keepNewest(folder: string, names: RegExp, most: number): Promise<void> {
    const found = (await namesIn(this.fs, folder)).filter((name) => names.test(name)).map((name) => join(folder, name));
    if (found.length > most) {
      const dated = await Promise.all(found.map(async (path) => ({ path, at: await changedAt(this.fs, path) })));
      const oldest = dated.toSorted((a, b) => b.at - a.at).slice(most);
      await Promise.all(oldest.map(({ path }) => this.fs.rm(path, { recursive: true, force: true })));
    }
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

/** libvirt's own clock of snapshots has no more than seconds. */
function fileOf(createdAt: number): string {
  return `${secondsOf(createdAt)}.png`;
}

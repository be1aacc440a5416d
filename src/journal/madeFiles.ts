// Which files we made for a VM that we made, each told apart from every later one of its name. A VM's own configuration can be written
// by any client; these by us alone. Refuses to know whether the files are still there.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { MadeFile } from '../domain/hostFiles.js';
import {
  discard,
  type FileSystem,
  hasCode,
  journalFailure,
  ownFolder,
  readBounded,
  removeLeftovers,
  replaceFile,
} from './durable.js';
import { parseAs, parseJson, writeJson } from './json.js';

const version = 1;
const maxBytes = 256 * 1024;
const uuidPattern = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

const madeFileShape = v.object({ path: v.string(), identity: v.exactOptional(v.string()) });

const shape = v.object({ version: v.literal(version), uuid: v.string(), files: v.array(madeFileShape) });

/** A file for each VM, by its UUID alone: it is the same over whichever connection. */
export class MadeFiles {
  readonly #folder: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#folder = join(folder, 'made');
  }

  /** Resolves when it is on the disk. @throws Failure `journal` */
  async add(uuid: string, file: MadeFile): Promise<void> {
    try {
      const path = this.#pathOf(uuid);
      if (path === undefined) {
        throw new RangeError(`${uuid} is no UUID`);
      }
      const files = [...(await this.of(uuid)).filter((one) => one.path !== file.path), file];
      await ownFolder(this.fs, this.folder);
      await ownFolder(this.fs, this.#folder);
      await removeLeftovers(this.fs, this.#folder, this.log);
      await replaceFile(this.fs, path, writeJson({ version, uuid, files }), this.log);
    } catch (error) {
      throw journalFailure(error, this.#folder, { doing: 'write down a file that was made', path: file.path });
    }
  }

  /** None where nothing is written down, or what is cannot be believed. */
  async of(uuid: string): Promise<readonly MadeFile[]> {
    const path = this.#pathOf(uuid);
    if (path === undefined) {
      return [];
    }
    try {
      const text = await readBounded(this.fs, path, maxBytes);
      const record = text === 'tooLong' ? undefined : parseAs(shape, parseJson(text.toString('utf8')));
      if (record?.uuid === uuid) {
        return record.files;
      }
      this.log.warn(`${path} is nothing that we wrote, and is not believed`);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) {
        this.log.warn(`${path} cannot be read: ${String(error)}`);
      }
    }
    return [];
  }

  async forget(uuid: string): Promise<void> {
    const path = this.#pathOf(uuid);
    await discard(this.fs, path === undefined ? [] : [path], this.log);
  }

  #pathOf(uuid: string): string | undefined {
    return uuidPattern.test(uuid) ? join(this.#folder, `${uuid}.json`) : undefined;
  }
}

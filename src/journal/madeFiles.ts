// Which files we made for a VM that we made, or in a folder of a host, each told apart from every later one of its
// name. A VM's own configuration, and a folder, can be written by anybody; these by us alone.
import { createHash } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { MadeFile } from '../domain/hostFiles.js';
import { discard, type FileSystem, journalFailure, replaceIn } from './durable.js';
import { parseAs, writeJson } from './json.js';
import { readRecord } from './recordFolder.js';

const version = 1;
const maxBytes = 256 * 1024;
const uuidPattern = /^(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|[\da-f]{64})$/;

/** In place of a UUID. */
export function ownerOf(host: string, folder: string): string {
  return createHash('sha256')
    .update(writeJson([host, folder]))
    .digest('hex');
}

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
    await this.put(uuid, [...(await this.of(uuid)).filter((one) => one.path !== file.path), file]);
  }

  /** These alone. Resolves when they are on the disk. @throws Failure `journal` */
  async put(uuid: string, files: readonly MadeFile[]): Promise<void> {
    try {
      if (this.#pathOf(uuid) === undefined) {
        throw new RangeError(`${uuid} is no UUID`);
      }
      const content = writeJson({ version, uuid, files });
      await replaceIn(this.fs, [this.folder, this.#folder], `${uuid}.json`, content, this.log);
    } catch (error) {
      throw journalFailure(error, this.#folder, {
        doing: 'write down a file that was made',
        path: files.at(-1)?.path ?? '',
      });
    }
  }

  /** None where nothing is written down, or what is cannot be believed. */
  async of(uuid: string): Promise<readonly MadeFile[]> {
    const path = this.#pathOf(uuid);
    if (path === undefined) {
      return [];
    }
    const parse = (value: unknown): readonly MadeFile[] | undefined => {
      const record = parseAs(shape, value);
      return record?.uuid === uuid ? record.files : undefined;
    };
    const read = await readRecord(this, path, { maxBytes, parse });
    return typeof read === 'string' ? [] : read;
  }

  async forget(uuid: string): Promise<void> {
    const path = this.#pathOf(uuid);
    await discard(this.fs, path === undefined ? [] : [path], this.log);
  }

  #pathOf(uuid: string): string | undefined {
    return uuidPattern.test(uuid) ? join(this.#folder, `${uuid}.json`) : undefined;
  }
}

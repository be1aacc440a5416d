// The VMs of lessons that were made and not removed yet, so that a crash leaves none behind for good.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { DemoVm } from '../domain/demoVm.js';
import {
  discard,
  type FileSystem,
  journalFailure,
  namesIn,
  ownFolder,
  readBounded,
  syncFolder,
  writeNew,
} from './durable.js';
import { parseAs, parseJson, writeJson } from './json.js';
import { isAlive, thisWriter, writerShape } from './writer.js';

const version = 1;
const maxBytes = 16 * 1024;
const maxRead = 100;
const namePattern = /^[\da-f]{8}-[\da-f-]{27}\.json$/;

const recordShape = v.object({
  version: v.literal(version),
  connection: v.string(),
  uuid: v.string(),
  name: v.string(),
  folder: v.string(),
  writer: writerShape,
});

/** A file for each VM. Whatever cannot be written becomes a Failure of kind `journal`. */
export class DemoRecords {
  readonly #folder: string;

  constructor(
    folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {
    this.#folder = join(folder, 'lessons');
  }

  /** Resolves when it is on the disk. */
  async add(vm: DemoVm): Promise<void> {
    try {
      await ownFolder(this.fs, this.#folder);
      await writeNew(this.fs, this.#pathOf(vm), writeJson({ version, ...vm, writer: await thisWriter() }));
      await syncFolder(this.fs, this.#folder);
    } catch (error) {
      throw journalFailure(error, this.#folder, { doing: 'write down the VM of the lesson', vm: vm.name });
    }
  }

  async forget(vm: DemoVm): Promise<void> {
    await discard(this.fs, [this.#pathOf(vm)], this.log);
  }

  /** Those whose editor is gone. What cannot be read is left alone, and said in the log. */
  async readLeftDemoVms(): Promise<readonly DemoVm[]> {
    const us = await thisWriter();
    const names = (await namesIn(this.fs, this.#folder)).filter((name) => namePattern.test(name)).slice(0, maxRead);
    const found = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        try {
          const text = await readBounded(this.fs, path, maxBytes);
          const record = text === 'tooLong' ? undefined : parseAs(recordShape, parseJson(text.toString('utf8')));
          if (record !== undefined && name === `${record.uuid}.json`) {
            const { connection, uuid, folder, writer } = record;
            const vm = { connection, uuid, name: record.name, folder };
            return (await isAlive(writer, us, { fs: this.fs, folder: this.#folder, file: path })) ? [] : [vm];
          }
          this.log.warn(`${path} is no record of a lesson`);
        } catch (error) {
          // Two editors may tidy at once.
          this.log.warn(`${path}: ${String(error)}`);
        }
        return [];
      }),
    );
    return found.flat();
  }

  #pathOf({ uuid }: DemoVm): string {
    return join(this.#folder, `${uuid}.json`);
  }
}

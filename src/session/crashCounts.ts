// How often a VM was restarted or reverted after a crash: a file for each VM in the state folder, so that a new start
// of the program goes on counting.
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import { Failure } from '../domain/failure.js';
import { journalFailure, replaceIn } from '../journal/durable.js';
import { count, parseAs, writeJson } from '../journal/json.js';
import { readRecord } from '../journal/recordFolder.js';

/** The most acts of one VM that are counted. */
export const mostActs = 100;
const maxBytes = 4096;

const shape = v.object({ version: v.literal(1), at: v.pipe(v.array(count), v.maxLength(mostActs)) });

export class CrashCounts {
  readonly #folder: string;
  readonly #log: Log;

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * Milliseconds since 1970 of each act since then. One of the future counts: a clock was set back.
   * @throws Failure `journal` of a record that cannot be read: nobody knows how often it was
   */
  async since(uuid: string, from: number): Promise<readonly number[]> {
    const path = join(this.#folder, 'crashes', `${uuid}.json`);
    const read = await readRecord({ fs, log: this.#log }, path, {
      maxBytes,
      parse: (value) => parseAs(shape, value)?.at,
    });
    if (read === 'unreadable') {
      throw new Failure('journal', { path });
    }
    return read === 'gone' ? [] : read.filter((at) => at > from);
  }

  /** @throws Failure `journal` */
  async write(uuid: string, at: readonly number[]): Promise<void> {
    const own = join(this.#folder, 'crashes');
    try {
      const text = writeJson({ version: 1, at: at.slice(-mostActs) });
      await replaceIn(fs, [this.#folder, own], `${uuid}.json`, text, this.#log);
    } catch (error) {
      throw journalFailure(error, own);
    }
  }
}

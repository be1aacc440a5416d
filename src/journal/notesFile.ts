// One small file of notes that outlive the editor and that nobody's data rests on: replaced as a whole, bounded,
// readable by its owner alone.
import * as promises from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Log } from '../base/log.js';
import { type FileSystem, ownFolder, readBounded, removeLeftovers, replaceFile } from './durable.js';
import { hasCode } from '../base/errno.js';
import { parseJson, writeJson } from './json.js';

export class NotesFile {
  constructor(
    readonly path: string,
    readonly maxBytes: number,
    readonly log: Log,
    readonly fs: FileSystem = promises,
  ) {}

  /** Undefined where there is none, or none that could be ours. */
  async read(): Promise<unknown> {
    const notes = await this.readSure();
    return notes === 'none' ? undefined : notes;
  }

  /** `none`: there is no such file; undefined: what is there cannot be read. */
  async readSure(): Promise<unknown> {
    try {
      const text = await readBounded(this.fs, this.path, this.maxBytes);
      if (text !== 'tooLong') {
        return parseJson(text.toString('utf8'));
      }
      this.log.warn(`${this.path} is longer than ${this.maxBytes} bytes`);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) {
        return 'none';
      }
      this.log.warn(`${this.path} cannot be read: ${String(error)}`);
    }
    return undefined;
  }

  /** What cannot be written is said in the log: the notes are of this window alone then. */
  async write(value: unknown): Promise<void> {
    const folder = dirname(this.path);
    try {
      await ownFolder(this.fs, folder);
      await removeLeftovers(this.fs, folder, this.log);
      await replaceFile(this.fs, this.path, writeJson(value), this.log);
    } catch (error) {
      this.log.warn(`${this.path} cannot be written: ${String(error)}`);
    }
  }
}

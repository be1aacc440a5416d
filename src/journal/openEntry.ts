// The lines that an operation under way adds to its entry, one after the other, each on the disk before the next.
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { type FileSystem, journalFailure } from './durable.js';
import type { JournalEntry, StepRecord } from './entry.js';
import { type ExplainedRecord, type RecoveryRecord, withRecord, writeRecord } from './entryText.js';
import { writeJson } from './json.js';

export const entryFile = 'plan.jsonl';
export const maxEntryBytes = 1024 * 1024;
const maxOutcomeBytes = 16 * 1024;
/** Kept free of outcomes, so that the lines that matter find room. */
const reservedBytes = 256 * 1024;

export class EntryWriter {
  readonly #file: string;
  #entry: JournalEntry;
  #bytes: number;
  #last: Promise<void> = Promise.resolve();
  #mayBeTorn: 'yes' | 'no';

  /** @param bytes as far as the file is whole; `mayBeTorn`: something that says nothing may follow */
  constructor(
    readonly fs: FileSystem,
    readonly folder: string,
    readonly log: Log,
    entry: JournalEntry,
    bytes: number,
    mayBeTorn: 'yes' | 'no',
  ) {
    this.#file = join(folder, entryFile);
    this.#entry = entry;
    this.#bytes = bytes;
    this.#mayBeTorn = mayBeTorn;
  }

  /** With all that is on the disk by now. */
  get entry(): JournalEntry {
    return this.#entry;
  }

  step(index: number, state: StepRecord['state'], outcome?: unknown): Promise<void> {
    const { length } = this.#entry.plan.steps;
    if (!Number.isInteger(index) || index < 0 || index >= length) {
      throw new RangeError(`Step ${index} of ${length}`);
    }
    return this.append({ index, state, at: Date.now(), ...this.#outcomeThatFits(index, outcome) });
  }

  append(record: StepRecord | RecoveryRecord | ExplainedRecord): Promise<void> {
    const line = Buffer.from(writeRecord(record));
    const written = this.#last.then(() => this.#write(line)).then(() => this.#keep(record, line.length));
    // Who waits for this one is told; the next one is tried all the same.
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** Resolves when nothing is being written. */
  waitUntilWritten(): Promise<void> {
    return this.#last;
  }

  #keep(record: StepRecord | RecoveryRecord | ExplainedRecord, bytes: number): void {
    this.#entry = withRecord(this.#entry, record);
    this.#bytes += bytes;
  }

  async #write(line: Buffer): Promise<void> {
    try {
      if (this.#bytes + line.length > maxEntryBytes) {
        throw new RangeError(`${this.#file} would become longer than ${maxEntryBytes} bytes`);
      }
      const file = await this.fs.open(this.#file, 'r+');
      try {
        if (this.#mayBeTorn === 'yes') {
          await file.truncate(this.#bytes);
        }
        this.#mayBeTorn = 'yes';
        const { bytesWritten } = await file.write(line, 0, line.length, this.#bytes);
        if (bytesWritten < line.length) {
          throw new Error(`${bytesWritten} of ${line.length} bytes fit into ${this.#file}`);
        }
        await file.datasync();
        this.#mayBeTorn = 'no';
      } finally {
        await file.close();
      }
    } catch (error) {
      const { connection, vm, request, steps } = this.#entry;
      throw journalFailure(error, this.folder, {
        doing: 'writing to the journal',
        connection,
        vm: vm.name,
        request,
        begun: steps.length > 0,
      });
    }
  }

  #outcomeThatFits(index: number, outcome: unknown): { readonly outcome?: unknown } {
    if (outcome === undefined) {
      return {};
    }
    const { length } = Buffer.from(writeJson(outcome));
    if (length > maxOutcomeBytes || this.#bytes + length > maxEntryBytes - reservedBytes) {
      this.log.warn(`The outcome of step ${index} of ${this.#entry.id} is not kept: ${length} bytes`);
      return {};
    }
    return { outcome };
  }
}

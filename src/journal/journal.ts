// Plans written before they run and kept until they have ended, a folder for each operation.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { Audit } from './audit.js';
import { type FileSystem, idPattern, journalFailure, namesIn, newId, readBounded } from './durable.js';
import { hasCode } from '../base/errno.js';
import { type JournalEntry, type JournalHead, type OperationEnd, stuck, type UnreadableEntry } from './entry.js';
import { type EntryHead, entryOf, type EntryRead, parseEntry, writeHead } from './entryText.js';
import { type DiskLock, isLocked, takeLock } from './diskLock.js';
import { entryFile, EntryWriter, maxEntryBytes } from './openEntry.js';
import { thisPlace } from './place.js';
import { beginRecord, forgetRecord } from './recordFolder.js';
import { thisWriter } from './writer.js';

const maxEntries = 1000;
const maxHeadBytes = maxEntryBytes / 2;
/** An entry that is not yet one, or no longer. */

/** One operation that this process, and no other, carries out. After `end` or `leave` it takes nothing more. */
export interface OpenEntry {
  /** With the steps that are on the disk by now. */
  readonly entry: JournalEntry;
  /** Resolves when it is on the disk: only then may the step begin. */
  markBegun(index: number): Promise<void>;
  /** What was begun cannot end: a recovery goes back. */
  markStuck(): Promise<void>;
  /** Resolves when it is on the disk. `outcome` is any JSON. */
  markDone(index: number, outcome?: unknown): Promise<void>;
  /** Writes the audit and removes the entry. Never rejects: the operation is over, whatever the disk says. */
  end(result: OperationEnd): Promise<void>;
  /**
   * Keeps the entry for a recovery, by anybody: the connection was lost, or this process is about to end. Never rejects
   * for an error of the disk: its caller has a failure of its own to report.
   *
   * @param explained why nothing was done about it this time, so that it does not count as an attempt, if it can be
   *   written
   */
  leave(explained?: string): Promise<void>;
}

interface InterruptedEntries {
  /** Oldest first; those that somebody carries out just now are among them, and cannot be claimed. */
  readonly entries: readonly JournalEntry[];
  readonly unreadable: readonly UnreadableEntry[];
}

/** Whatever cannot be written becomes a Failure of kind `journal`. */
export class Journal {
  readonly audit: Audit;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
    /** What the editor is called that this process is a part of. */
    readonly editor?: string,
  ) {
    this.audit = new Audit(folder, log, fs, editor);
  }

  /** Resolves when the plan is on the disk, its folder too: only then may the first step begin. */
  async begin({ daemon, ...given }: JournalHead): Promise<OpenEntry> {
    const { connection, vm, request } = given;
    const id = newId();
    const [writer, place] = await Promise.all([thisWriter(this.editor), thisPlace()]);
    const origin = { ...place, ...(daemon === undefined ? {} : { daemon }) };
    const head: EntryHead = { version: 2, id, ...given, startedAt: Date.now(), origin, writer };
    const entry: JournalEntry = entryOf(head);
    const text = writeHead(head);
    const bytes = Buffer.byteLength(text);
    const folder = join(this.folder, id);
    try {
      if (bytes > maxHeadBytes) {
        throw new RangeError(`A plan of ${bytes} bytes`);
      }
      // Seen by others only when it is whole and held.
      const hold = await beginRecord(
        { folder: this.folder, root: this.folder, fs: this.fs, log: this.log },
        { id, file: entryFile, text, writer },
      );
      return this.#open(new EntryWriter(this.fs, folder, this.log, entry, bytes, 'no'), hold);
    } catch (error) {
      throw journalFailure(error, this.folder, {
        doing: 'writing the plan to the journal',
        connection,
        vm: vm.name,
        request,
      });
    }
  }

  /**
   * Reads the entries of one connection, or of all. What cannot be read is reported with its path, for all connections.
   */
  async readInterrupted(connection?: string): Promise<InterruptedEntries> {
    let ids: readonly string[];
    try {
      ids = (await namesIn(this.fs, this.folder)).filter((name) => idPattern.test(name)).sort();
    } catch (error) {
      return { entries: [], unreadable: [{ path: this.folder, ...asUnreadable(error) }] };
    }
    const entries: JournalEntry[] = [];
    const unreadable: UnreadableEntry[] = [];
    for (const id of ids.slice(0, maxEntries)) {
      const read = await this.#read(id);
      if (read === 'gone') {
        continue;
      }
      if ('why' in read) {
        unreadable.push({ path: join(this.folder, id), ...read });
      } else if (connection === undefined || read.entry.connection === connection) {
        entries.push(read.entry);
      }
    }
    if (ids.length > maxEntries) {
      const detail = `${ids.length} entries; ${maxEntries} are looked at`;
      unreadable.push({ path: join(this.folder, ids[maxEntries] ?? ''), why: 'beyond', detail });
    }
    return { entries: entries.sort((a, b) => a.startedAt - b.startedAt), unreadable };
  }

  /** Whether somebody is at it, in this process or another. */
  async isLocked(id: string): Promise<boolean> {
    const folder = join(this.folder, id);
    try {
      return idPattern.test(id) && (await isLocked(this.fs, folder, await thisWriter(this.editor), entryFile));
    } catch (error) {
      throw journalFailure(error, folder, { doing: 'looking at an entry of the journal', begun: true });
    }
  }

  /** `busy`: its writer lives, in this process or another. `gone`: it has ended. */
  async lock(id: string): Promise<OpenEntry | 'busy' | 'gone'> {
    if (!idPattern.test(id)) {
      return 'gone';
    }
    const folder = join(this.folder, id);
    let hold: DiskLock | undefined;
    try {
      const us = await thisWriter(this.editor);
      const taken = await takeLock(this.fs, folder, us, entryFile);
      if (typeof taken === 'string') {
        return taken;
      }
      hold = taken;
      // Not earlier: until now somebody else may have written to it.
      const read = await this.#read(id);
      if (read === 'gone') {
        return 'gone';
      }
      if ('why' in read) {
        throw new Error(`${folder} cannot be read: ${read.why}, ${read.detail}`);
      }
      const writer = new EntryWriter(this.fs, folder, this.log, read.entry, read.bytes, 'yes');
      await writer.append({ recovery: us, at: Date.now() });
      return this.#open(writer, hold);
    } catch (error) {
      await this.#release(hold);
      throw journalFailure(error, folder, { doing: 'taking up an entry of the journal', begun: true });
    }
  }

  #open(writer: EntryWriter, hold: DiskLock): OpenEntry {
    let open = true;
    const requireOpen = (): void => {
      if (!open) {
        throw new Error(`The journal's entry ${writer.entry.id} is closed`);
      }
    };
    const close = async (): Promise<void> => {
      requireOpen();
      open = false;
      await writer.waitUntilWritten();
    };
    return {
      get entry() {
        return writer.entry;
      },
      markBegun: async (index) => {
        requireOpen();
        await writer.step(index, 'begun');
      },
      markStuck: async () => {
        requireOpen();
        await writer.step(writer.entry.steps.at(-1)?.index ?? 0, 'begun', stuck);
      },
      markDone: async (index, outcome) => {
        requireOpen();
        await writer.step(index, 'done', outcome);
      },
      end: async (result) => {
        await close();
        const { connection, vm, request, startedAt } = writer.entry;
        await this.audit.note({ connection, vm, request, durationMs: Math.max(0, Date.now() - startedAt), ...result });
        await this.#remove(writer.entry.id, hold);
      },
      leave: async (explained) => {
        requireOpen();
        if (explained !== undefined) {
          await writer.append({ explained, at: Date.now() }).catch((error: unknown) => {
            this.log.warn(`Leaving ${writer.entry.id} counts as an attempt: ${String(error)}`);
          });
        }
        await close();
        await this.#release(hold);
      },
    };
  }

  /** In one move, so that nobody can claim half of it. */
  async #remove(id: string, hold: DiskLock): Promise<void> {
    try {
      await forgetRecord({ root: this.folder, fs: this.fs, log: this.log }, id);
    } catch (error) {
      this.log.error(`The journal's entry ${id} has ended and cannot be removed: ${String(error)}`);
      await this.#release(hold);
    }
  }

  /** One that cannot be released is free when this process has ended. */
  async #release(hold: DiskLock | undefined): Promise<void> {
    try {
      await hold?.release();
    } catch (error) {
      this.log.warn(`The hold on an entry of the journal cannot be released: ${String(error)}`);
    }
  }

  async #read(id: string): Promise<EntryRead | 'gone'> {
    const folder = join(this.folder, id);
    try {
      const content = await readBounded(this.fs, join(folder, entryFile), maxEntryBytes);
      return content === 'tooLong'
        ? { why: 'tooLong', detail: `more than ${maxEntryBytes} bytes` }
        : parseEntry(content, id);
    } catch (error) {
      return hasCode(error, 'ENOENT') && (await namesIn(this.fs, folder)).length === 0 ? 'gone' : asUnreadable(error);
    }
  }
}

function asUnreadable(error: unknown): Pick<UnreadableEntry, 'why' | 'detail'> {
  return { why: hasCode(error, 'EACCES', 'EPERM') ? 'denied' : 'damaged', detail: String(error) };
}

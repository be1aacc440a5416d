// Plans written before they run and kept until they have ended. Refuses to know how a plan is carried out or recovered.
import type { JournalEntry, JournalHead, OperationEnd, UnreadableEntry } from './entry.js';

/** One operation that this process, and no other, carries out. After `end` or `leave` it takes nothing more. */
export interface OpenEntry {
  /** As it was when it was begun or claimed, with the steps that were recorded until then. */
  readonly entry: JournalEntry;
  /** Resolves when it is on the disk: only then may the step begin. */
  begun(index: number): Promise<void>;
  /** Resolves when it is on the disk. `outcome` is any JSON. */
  done(index: number, outcome?: unknown): Promise<void>;
  /** Writes the audit and removes the entry. Never rejects: the operation is over, whatever the disk says. */
  end(result: OperationEnd): Promise<void>;
  /** Keeps the entry for a recovery, by anybody: the connection was lost, or this process is about to end. */
  leave(): Promise<void>;
}

export interface Unfinished {
  /** Oldest first; those that somebody carries out just now are among them, and cannot be claimed. */
  readonly entries: readonly JournalEntry[];
  readonly unreadable: readonly UnreadableEntry[];
}

/** `new Journal(folder, log)`. Whatever cannot be written becomes a Failure of kind `journal`. */
export interface Journal {
  /** Resolves when the plan is on the disk, its folder too: only then may the first step begin. */
  begin(head: JournalHead): Promise<OpenEntry>;
  unfinished(connection?: string): Promise<Unfinished>;
  /** `busy`: its writer lives, in this process or another. `gone`: it has ended. */
  claim(id: string): Promise<OpenEntry | 'busy' | 'gone'>;
}

// Who did what to which VM, and what came of it: a line for each operation that ended. Refuses to be read by any rule.
import * as promises from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import type { LoggedRequest } from '../domain/loggedOperation.js';
import { changedAt, discard, type FileSystem, ownFolder } from './durable.js';
import { hasCode } from '../base/errno.js';
import type { OperationEnd } from './entry.js';
import { isObject, writeJson } from './json.js';

const maxLineBytes = 4096;
const maxFileBytes = 1024 * 1024;
const minuteMs = 60 * 1000;
/** How long a text may be in a line that would be too long otherwise; tried in turn. */
const textLengths = [500, 200, 80, 30];

/** What an agent asked for by one of its tools; what that made of it stands in lines of its own. */
interface AgentRequest {
  readonly kind: 'agent';
  /** As it calls itself. */
  readonly agent: string;
  readonly tool: string;
  /** The number of the step of the VM, from 1 on; absent where nothing changed, and for a refusal. */
  readonly step?: number;
  /** A program, a snapshot, a title. */
  readonly what: string;
  /** The snapshot that leads back to before it. */
  readonly before?: string;
}

/** A VM that is there again, from a backup. */
interface RestoreRequest {
  readonly kind: 'restore';
  /** The backup: in milliseconds since 1970. */
  readonly madeAt: number;
}

/** A VM was backed up. */
interface BackupRequest {
  readonly kind: 'backup';
  readonly id: string;
  /** The repository, without its password. */
  readonly to: string;
}

/** A VM came from another host. */
interface MovedRequest {
  readonly kind: 'move';
  /** The connection that it was on. */
  readonly from: string;
}

export interface AuditNote extends OperationEnd {
  readonly connection: string;
  readonly vm: { readonly uuid: string; readonly name: string };
  readonly request: LoggedRequest | AgentRequest | RestoreRequest | BackupRequest | MovedRequest;
  readonly durationMs: number;
}

/** An operation of several steps is noted by the end of its journal entry; any other by its caller. */
export class Audit {
  readonly #file: string;
  readonly #older: string;
  readonly #rotating: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
    /** What the editor or command line is called that this process is a part of. */
    readonly shell?: string,
  ) {
    this.#file = join(folder, 'audit.jsonl');
    this.#older = join(folder, 'audit.1.jsonl');
    this.#rotating = join(folder, 'audit.rotating');
  }

  /** Never rejects: what it tells has happened. What cannot be written is told to the log. @returns whether it could */
  async note({
    connection,
    vm: { uuid, name },
    request,
    outcome,
    durationMs,
    failure,
    command,
    entry,
  }: AuditNote): Promise<boolean> {
    const at = new Date().toISOString();
    const vm = { uuid, name };
    let line = '';
    try {
      const { shell } = this;
      const who = { at, user: userName(), shell };
      line = auditLine({ ...who, entry, connection, vm, request, outcome, durationMs, failure, command });
      await ownFolder(this.fs, this.folder);
      if ((await this.#append(line)) >= maxFileBytes) {
        await this.#rotate();
      }
      return true;
    } catch (error) {
      this.log.error(`${this.#file} cannot be written: ${String(error)}; it would have said ${line.trimEnd()}`);
      return false;
    }
  }

  /** In one write to the end of the file, so that two editors never mix their lines. Returns its length. */
  async #append(line: string): Promise<number> {
    const file = await this.fs.open(this.#file, 'a+', 0o600);
    try {
      const { size } = await file.stat();
      const last = Buffer.alloc(1);
      await file.read(last, 0, 1, Math.max(0, size - 1));
      // A line that a full disk cut must not take the next one with it.
      const bytes = Buffer.from(size > 0 && last[0] !== 0x0a ? `\n${line}` : line);
      const { bytesWritten } = await file.write(bytes);
      await file.datasync();
      if (bytesWritten < bytes.length) {
        throw new Error(`${bytesWritten} of ${bytes.length} bytes fit`);
      }
      return size + bytesWritten;
    } finally {
      await file.close();
    }
  }

  /** One editor at a time, and only of a file that is still full: the other may have done it just before. */
  async #rotate(): Promise<void> {
    try {
      await this.fs.mkdir(this.#rotating, { mode: 0o700 });
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) {
        throw error;
      }
      if (Math.abs(Date.now() - (await changedAt(this.fs, this.#rotating))) > minuteMs) {
        // Its process died, perhaps before the clock was set back; the next line finds the way free.
        await discard(this.fs, [this.#rotating], this.log);
      }
      return;
    }
    try {
      if ((await this.fs.stat(this.#file)).size >= maxFileBytes) {
        await this.fs.rename(this.#file, this.#older);
      }
    } catch (error) {
      // The other has put it aside, and nobody has written since.
      if (!hasCode(error, 'ENOENT')) {
        throw error;
      }
    } finally {
      await discard(this.fs, [this.#rotating], this.log);
    }
  }
}

function auditLine(note: Readonly<Record<string, unknown>> & Pick<AuditNote, 'request'>): string {
  const shortest = { ...note, request: { type: note.request.kind } };
  const attempts = [note, ...textLengths.map((length) => withShortTexts(note, length)), withShortTexts(shortest, 30)];
  const lines = attempts.map((attempt) => `${writeJson(attempt)}\n`);
  const line = lines.find((each) => Buffer.byteLength(each) <= maxLineBytes);
  if (line === undefined) {
    throw new RangeError(`No line of ${maxLineBytes} bytes can tell it`);
  }
  return line;
}

/** A user whom the system has no name for, as in a container, is told by number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

/** Long lists, as the files of a repair, keep their first few. */
function withShortTexts(value: unknown, length: number): unknown {
  if (typeof value === 'string') {
    return value.length <= length ? value : `${value.slice(0, length)}…`;
  }
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    return list.slice(0, 8).map((each) => withShortTexts(each, length));
  }
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withShortTexts(each, length)]));
  }
  return value;
}

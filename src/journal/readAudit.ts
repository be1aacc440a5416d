// The lines of the audit, for people to read. Refuses to know what they say: anybody may have written to the file.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { type FileSystem, readBounded, namesIn } from './durable.js';
import { hasCode } from '../base/errno.js';
import type { heldKinds } from './heldRecords.js';
import { logFolder } from './operationLog.js';
import { WatchedRecords } from './watchedRecords.js';

/** Each file is put aside at one MiB. */
const mostBytes = 4 * 1024 * 1024;

const labs: (typeof heldKinds)['labs']['folder'] = 'labs';

/** Reads the current file and the one before, oldest first; empty where nothing was done yet. */
export async function readAudit(
  folder: string,
  log: Pick<Log, 'warn'>,
  fs: FileSystem = promises,
): Promise<readonly string[]> {
  const texts = await Promise.all(
    ['audit.1.jsonl', 'audit.jsonl'].map(async (name) => {
      try {
        const read = await readBounded(fs, join(folder, name), mostBytes);
        return read === 'tooLong' ? '' : read.toString('utf8');
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) {
          log.warn(`${join(folder, name)} cannot be read: ${String(error)}`);
        }
        return '';
      }
    }),
  );
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** And what the proxies of labs refused. What reads that is large, and loaded where there are labs alone. */
export async function readHistory(folder: string, log: Log): Promise<readonly string[]> {
  const ids = await namesIn(promises, join(folder, labs)).catch(() => [labs]);
  if (ids.length === 0) {
    return readAudit(folder, log);
  }
  const { readRefused } = await import('./refusedRequests.js');
  const [audit, refused] = await Promise.all([readAudit(folder, log), readRefused(folder, log)]);
  return refused.length === 0 ? audit : [...audit, ...refused].toSorted((one, other) => timeOf(one) - timeOf(other));
}

/** What is none counts as old. */
function timeOf(line: string): number {
  const [, at = ''] = /"at":"([^"]{1,40})"/u.exec(line) ?? [];
  return Date.parse(at) || 0;
}

// The history for who shows it: the lines of the audit, again when one was added or an operation came into the log that
// undoes it.

/** The log is written behind the audit: what can be undone changes with it. */
export interface HistoryFiles {
  /** Oldest first. */
  readonly lines: readonly string[];
  /** Names of the entries of all logs. */
  readonly logged: readonly string[];
}

/** One record, and one alone. @param folder of the journal */
export function watchedHistory(folder: string, log: Log): WatchedRecords<HistoryFiles> {
  return new WatchedRecords({
    what: 'The history',
    log,
    read: async (watchFolder) => {
      watchFolder?.(folder);
      const root = logFolder(folder);
      watchFolder?.(root);
      const logs = (await namesIn(promises, root)).map((name) => join(root, name));
      logs.forEach((one) => watchFolder?.(one));
      const logged = (await Promise.all(logs.map((one) => namesIn(promises, one)))).flat().toSorted();
      return [{ lines: await readHistory(folder, log), logged }];
    },
  });
}

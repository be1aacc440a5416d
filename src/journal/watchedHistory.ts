// The history for who shows it: the lines of the audit, again when one was added or an operation came into the log that
// undoes it.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { namesIn } from './durable.js';
import { logFolder } from './operationLog.js';
import { readAudit } from './readAudit.js';
import { WatchedRecords } from './watchedRecords.js';

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
      return [{ lines: await readAudit(folder, log), logged }];
    },
  });
}

// A folder of its own for each test, removed afterwards.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '../../../src/journal/journal.js';
import type { Log } from '../../../src/base/log.js';

export interface KeptLog extends Log {
  readonly lines: readonly string[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  return { lines, trace: keep, debug: keep, info: keep, warn: keep, error: keep };
}

/** Call in a `describe`; what it returns is the folder of the test that runs. */
export function ownFolders(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'virt-rewind-journal-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return () => join(folder, 'journal');
}

/** As another editor would open it. */
export function journalIn(folder: string): { readonly journal: Journal; readonly log: KeptLog } {
  const log = keptLog();
  return { journal: new Journal(folder, log), log };
}

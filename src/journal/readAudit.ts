// The lines of the audit, for people to read. Refuses to know what they say: anybody may have written to the file.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { type FileSystem, readBounded } from './durable.js';
import { hasCode } from '../base/errno.js';

/** Each file is put aside at one MiB. */
const mostBytes = 4 * 1024 * 1024;

/** Of the file before and the present one, oldest first; none where nothing was done yet. */
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

// A file in the folder of each VM that was restored with others, until all of them are there: a second run leaves it.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../base/errno.js';
import { readFileAtMost } from '../../base/readFileAtMost.js';

const name = '.virt-rewind-restored';

/** Before the folder has its name. @param backup its ID */
export async function markRestored(folder: string, backup: string): Promise<void> {
  await writeFile(join(folder, name), backup, { flag: 'wx', mode: 0o600 });
}

export async function isMarkedRestored(folder: string, backup: string): Promise<boolean> {
  try {
    return (await readFileAtMost(join(folder, name), 64)).toString('utf8') === backup;
  } catch (error) {
    // What others alone may read is none of ours.
    if (['ENOENT', 'ENOTDIR', 'EACCES'].some((code) => hasCode(error, code))) {
      return false;
    }
    throw error;
  }
}

export function unmarkRestored(folder: string): Promise<void> {
  return rm(join(folder, name), { force: true });
}

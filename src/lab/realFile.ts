// Which file a path leads to, for rules that must know whether two paths lead to one.
import { stat } from 'node:fs/promises';
import { t } from '@vscode/l10n';
import { undefinedIfAbsent } from '../base/errno.js';
import { displayLine } from '../domain/plainText.js';
import { factsOf } from '../qemu/fileFacts.js';
import { LabError } from './labError.js';

/**
 * Alike for all paths that lead to the same file; undefined where there is none.
 * @throws LabError `refused` where it cannot be seen: it may be any file
 */
export async function realOf(path: string): Promise<string | undefined> {
  if (!path.startsWith('/')) {
    return undefined;
  }
  try {
    const stats = await undefinedIfAbsent(stat(path));
    return stats && (await factsOf(stats))?.real;
  } catch (error) {
    throw new LabError(
      'refused',
      t(
        'Virt Rewind cannot see which file {0} is ({1}), so it may belong to this lab. Nothing was changed. Give your user access to its folder, then try again.',
        displayLine(path),
        (error as NodeJS.ErrnoException).code ?? String(error),
      ),
    );
  }
}

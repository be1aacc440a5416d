// The VMs and files of checks: each goes at the end of its check, or, where that was killed, before the next one.
import { posix } from 'node:path';
import type { FileSystem } from '../../../base/fileSystem.js';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { CopiesFault } from '../copiesFault.js';
import type { CopiesEngine } from '../vm/lookAtVm.js';
import { isFolderLeft, namesIn, readMark } from './restoreFolder.js';

/** libvirt has not heard of it yet, and no other check has its name. */
const begun = /-check-[\da-f]{8}\.restoring-\w+$/u;

/** @param own the folder of one that ends now; absent: those in the folder whose process is gone */
export async function discardChecks(
  engine: Pick<CopiesEngine, 'withCopies'>,
  { connection, files }: { readonly connection: string; readonly files: FileSystem },
  folder: string,
  own?: string,
): Promise<void> {
  const entries = own === undefined ? ((await undefinedIfAbsent(namesIn(files, folder))) ?? []) : [];
  for (const one of own === undefined ? entries.map((entry) => posix.join(folder, entry)) : [own]) {
    const mark = await readMark(files, one);
    if (own === undefined && mark !== undefined && begun.test(one) && (await isFolderLeft(files, one, mark))) {
      await files.removeTree(one);
      continue;
    }
    if (mark?.isCheck === true && (own !== undefined || (await isFolderLeft(files, one, mark)))) {
      if (!(await engine.withCopies(connection, (copies) => copies.undefine(mark.uuid, one, 'evenRunning')))) {
        throw new CopiesFault({ kind: 'vmInUse', folder: one });
      }
      await files.removeTree(one);
    }
  }
}

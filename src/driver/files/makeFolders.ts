// Folders on any computer, with those on the way to them.
import { posix } from 'node:path';
import type { FileSystem } from '../../base/fileSystem.js';

/** Those that are not there yet. Others may pass through them. */
export async function makeFolders(files: FileSystem, folder: string): Promise<void> {
  try {
    await files.mkdir(folder, 0o711);
    // A strict umask may have removed rights that QEMU of the system needs, which is another user than root.
    if ((await files.user()) === 0) {
      await files.chmod(folder, 0o711);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST' && (await files.stat(folder)).isDirectory()) {
      return;
    }
    if (code !== 'ENOENT') {
      throw error;
    }
    await makeFolders(files, posix.dirname(folder));
    // Somebody else may have made it by then.
    await makeFolders(files, folder);
  }
}

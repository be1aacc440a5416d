// Opens files that somebody else may have put there.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Waits for nobody: a pipe would keep who opens or reads it until somebody writes to it.
 * @param flags more of them @throws EISDIR, and ENOTSUP for what else is neither a file nor a block device
 */
export async function openToRead(path: string, flags = 0): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  const stats = await file.stat();
  if (stats.isFile() || stats.isBlockDevice()) {
    return file;
  }
  await file.close();
  throw Object.assign(new Error(`${path} is not a file`), { code: stats.isDirectory() ? 'EISDIR' : 'ENOTSUP' });
}

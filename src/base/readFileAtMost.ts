// A file by its path, which somebody else writes: of bounded length, and never waited for.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** From its beginning, `most` bytes at most. */
export async function readFileAtMost(path: string, most: number): Promise<Buffer> {
  const file = await openToRead(path);
  try {
    return await readAtMost(file, most);
  } finally {
    await file.close();
  }
}

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

/**
 * A file that somebody else writes, read into no more memory than it has bytes: most are far below what they may have.
 */
const firstBytes = 16 * 1024;

/**
 * From its beginning, `most` bytes at most. Asks for no length: a file of the kernel's says 0, and others grow
 * meanwhile.
 */
export async function readAtMost(file: Pick<FileHandle, 'read'>, most: number): Promise<Buffer> {
  let buffer = Buffer.allocUnsafeSlow(Math.min(firstBytes, most));
  let length = 0;
  while (length < most) {
    if (length === buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(4 * length, most));
      buffer.copy(larger);
      buffer = larger;
    }
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) {
      break;
    }
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

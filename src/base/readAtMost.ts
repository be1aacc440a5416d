// A file that somebody else writes, read into no more memory than it has bytes: most are far below what they may have.
import type { FileHandle } from 'node:fs/promises';

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

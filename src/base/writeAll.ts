// Writes all of a piece to a file: one call may write less of it, and say so in its result alone.
import type { FileHandle } from 'node:fs/promises';

/** @throws where nothing more can be written */
export async function writeAll(file: Pick<FileHandle, 'write'>, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    if (bytesWritten === 0) {
      throw new Error(`${done} of ${bytes.length} bytes fit`);
    }
    done += bytesWritten;
  }
}

// A file by its path, which somebody else writes: of bounded length, and never waited for.
import { openToRead } from './openToRead.js';
import { readAtMost } from './readAtMost.js';

/** From its beginning, `most` bytes at most. */
export async function readFileAtMost(path: string, most: number): Promise<Buffer> {
  const file = await openToRead(path);
  try {
    return await readAtMost(file, most);
  } finally {
    await file.close();
  }
}

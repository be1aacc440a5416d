// A file by its path, which somebody else writes: of bounded length, and never waited for.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { readAtMost } from './readAtMost.js';

/** From its beginning, `most` bytes at most. A pipe would keep an open waiting. */
export async function readFileAtMost(path: string, most: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await readAtMost(file, most);
  } finally {
    await file.close();
  }
}

// Level files on the disk, as their authors write them. Reads regular files of a bounded size alone.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Failure } from '../domain/failure.js';
import { longestYaml } from '../lab/readYaml.js';
import { type ReadLevel, readLevel } from './readLevel.js';

/** @throws Failure `notFound`, or `failed` of what is no file or too large */
export async function readLevelFile(path: string): Promise<ReadLevel> {
  const details = { doing: 'read the level', path };
  // A pipe without a writer would block.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw new Failure('notFound', details, { cause: error });
  });
  try {
    const stat = await file.stat();
    // A character takes four bytes at most.
    if (!stat.isFile() || stat.size > longestYaml * 4) {
      throw new Failure('failed', details);
    }
    return readLevel((await file.readFile()).toString('utf8'));
  } finally {
    await file.close();
  }
}

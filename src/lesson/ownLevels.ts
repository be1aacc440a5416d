// The levels that come with the program, in their order: one file, so that it is small and read when somebody wants it.
import { readFile } from 'node:fs/promises';
import { brotliDecompressSync } from 'node:zlib';
import * as v from 'valibot';
import { levelShape, type NamedLevel } from './levelShape.js';

const ownShape = v.array(v.object({ id: v.string(), level: levelShape }));

/** The whole lesson: what begins where nobody chose. */
export const firstLevel = 'lesson';

/** @param file as scripts/build.mjs writes it */
export async function readOwnLevels(file: string): Promise<readonly NamedLevel[]> {
  return v.parse(ownShape, JSON.parse(brotliDecompressSync(await readFile(file)).toString('utf8')));
}

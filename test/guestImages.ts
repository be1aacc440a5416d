// File systems of guests that are kept, for no program here makes all that is in them: fixtures/guests has how they
// were made.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { root } from '../scripts/rig/root.mjs';

/** An NTFS with folders, links, holes, compression and files in many runs. Each time a copy. */
export function savedNtfs(): Buffer {
  return brotliDecompressSync(readFileSync(join(root, 'test/fixtures/guests/ntfs.br')));
}

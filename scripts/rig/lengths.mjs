// How long each program of the tests lasts, as the last runs had it: what lasts longest begins first, so that none is
// left over at the end. Here from the cache, and where that knows nothing from the file beside this one.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './root.mjs';

/** @typedef {Record<string, number>} Lengths seconds, by layer and name */

const kept = join(root, 'scripts/rig/lengths.json');
const cached = join(root, 'node_modules/.cache/virt-rewind/lengths.json');

/** @param {string} file @returns {Lengths} */
function readFrom(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return {};
    throw error;
  }
}

/**
 * @template {{ readonly length: string }} J
 * @param {readonly J[]} jobs
 * @returns {readonly J[]} what nobody knows the length of last
 */
export function byLength(jobs) {
  const known = { ...readFrom(kept), ...readFrom(cached) };
  const seconds = (/** @type {J} */ { length }) => known[length] ?? 0;
  return jobs.toSorted((a, b) => seconds(b) - seconds(a));
}

/**
 * @param {Lengths} seen
 * @param {boolean} keep also for who has no cache yet
 */
export function noteLengths(seen, keep) {
  if (Object.keys(seen).length === 0) return;
  for (const file of keep ? [cached, kept] : [cached]) {
    const all = Object.entries({ ...readFrom(file), ...seen }).sort(([a], [b]) => (a < b ? -1 : 1));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
  }
}

// How long each program of the tests lasts, as the last runs had it: what lasts longest begins first, so that none is
// left over at the end. Here from the cache, and where that knows nothing from the file beside this one.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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

/** What cannot be read there is not known: it tells an order, and no more. @returns {Lengths} */
function readCached() {
  try {
    return readFrom(cached);
  } catch {
    return {};
  }
}

/**
 * @template {{ readonly length: string }} J
 * @param {readonly J[]} jobs
 * @returns {readonly J[]} what nobody knows the length of last
 */
export function byLength(jobs) {
  const known = { ...readFrom(kept), ...readCached() };
  const seconds = (/** @type {J} */ { length }) => known[length] ?? 0;
  return jobs.toSorted((a, b) => seconds(b) - seconds(a));
}

/**
 * @param {Lengths} seen
 * @param {boolean} keep also for who has no cache yet
 */
export function noteLengths(seen, keep) {
  if (Object.keys(seen).length === 0) return;
  if (keep) write(kept, { ...readFrom(kept), ...seen });
  try {
    write(cached, { ...readCached(), ...seen });
  } catch (error) {
    console.log(`How long the tests lasted is not kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Whole or not at all, for another run may read it. @param {string} file @param {Lengths} lengths */
function write(file, lengths) {
  const sorted = Object.entries(lengths).sort(([a], [b]) => (a < b ? -1 : 1));
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}`;
  writeFileSync(part, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
  renameSync(part, file);
}

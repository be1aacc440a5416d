// What benches measured before, on which machine and of which commit: a figure that slips is seen, and where.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './rig/root.mjs';
import { runOk } from './rig/run.mjs';

/** @typedef {Record<string, { ratio: number, commit: string }>} Figures by name */
/** @typedef {Record<string, Figures>} BenchRecord by machine */
/** @typedef {ReadonlyMap<string, number>} Ratios by figure */

const file = join(root, 'test/bench/figures.json');
/** Times what it was. Runs on a machine that does nothing else differ by less. */
const most = 1.1;

/** @returns {BenchRecord} */
export function readRecord() {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

/**
 * @param {BenchRecord} record @param {string} machine @param {Ratios} ratios
 * @returns {string[]} a line for each figure that is worse than it was
 */
export function findSlipped(record, machine, ratios) {
  return [...ratios].flatMap(([figure, ratio]) => {
    const before = record[machine]?.[figure];
    return before === undefined || ratio <= before.ratio * most
      ? []
      : [`SLIPPED: ${figure}: ${ratio.toFixed(3)}, was ${before.ratio.toFixed(3)}: git log ${before.commit}..HEAD`];
  });
}

/**
 * @param {BenchRecord} record @param {string} machine @param {Ratios} ratios @param {string} commit
 * @returns {BenchRecord} with these in place of the earlier ones
 */
export function recordWith(record, machine, ratios, commit) {
  const measured = Object.fromEntries([...ratios].map(([figure, ratio]) => [figure, { ratio, commit }]));
  return { ...record, [machine]: { ...record[machine], ...measured } };
}

/** @param {string} machine @param {Ratios} ratios */
export async function recordFigures(machine, ratios) {
  const commit = (await runOk('git', ['rev-parse', '--short', 'HEAD'], { cwd: root })).trim();
  writeFileSync(file, `${JSON.stringify(recordWith(readRecord(), machine, ratios, commit), undefined, 2)}\n`);
}

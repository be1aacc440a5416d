// The tables of docs/benchmarks.md: what benches measured last, when, and on which machine. test/bench/results.json
// keeps it; a bench that did not run keeps what it has there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatted, marks, replacePart } from './docs/generatedPart.mjs';
import { root } from './rig/root.mjs';

/** @typedef {import('../test/bench/measure.js').Figure} Figure */

/**
 * @typedef {object} Run
 * @property {string} date
 * @property {string} machine with the versions of what ran on it
 * @property {number} load when it began: how many programs wanted a processor
 * @property {boolean} isBusy more than it has processors
 */

/** @typedef {Figure & Omit<Run, 'machine'> & { machine: number }} Row `machine`: its place in the list */
/**
 * @typedef {object} Results
 * @property {readonly string[]} machines
 * @property {Readonly<Record<string, readonly Row[]>>} benches
 */

const file = join(root, 'test/bench/results.json');
export const page = 'docs/benchmarks.md';
export const pagePart = { what: 'the results', command: 'npm run bench -- --write' };

/** @type {Readonly<Record<string, readonly string[]>>} */
const sections = {
  'Long lists, backups beside a guest, new VMs': ['listing', 'backups', 'ram', 'cloudImage'],
  Snapshots: ['guest', 'check', 'checkpoint', 'pause', 'reset', 'resets', 'undo', 'agent', 'systems'],
  Reading: [
    'reads',
    'commandLine',
    'hook',
    'plan',
    'placement',
    'question',
    'health',
    'layers',
    'memory',
    'filter',
    'picture',
  ],
  'Clones and forks': ['forks', 'clones', 'bisect'],
  'Files of a restore point': ['filesInside', 'changedFiles'],
  'In the editor': ['activation', 'stories', 'idle', 'lost'],
};

/** docs/scale.md has what these tell. */
const onAnotherPage = ['scale', 'farHosts', 'moments'];

/**
 * The benches of no section: their figures would be on no page.
 * @param {readonly string[]} benches
 * @returns {readonly string[]}
 */
export function unlistedBenches(benches) {
  const listed = new Set([...Object.values(sections).flat(), ...onAnotherPage]);
  return benches.filter((name) => !listed.has(name));
}

/** @returns {Results} */
export function readResults() {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { machines: [], benches: {} };
}

/**
 * Pure.
 * @param {Results} before
 * @param {ReadonlyMap<string, readonly Figure[]>} measured by bench
 * @param {ReadonlySet<string>} broken benches that failed: what they did not come to stays
 * @param {Run} run
 * @returns {Results}
 */
export function mergeResults(before, measured, broken, { date, machine, load, isBusy }) {
  const known = before.machines.includes(machine) ? before.machines : [...before.machines, machine];
  const at = known.indexOf(machine);
  /** @type {Record<string, readonly Row[]>} */
  const benches = { ...before.benches };
  for (const [bench, figures] of measured) {
    const rows = figures.map((figure) => ({
      ...figure,
      ...{ date, load: Math.round(load * 10) / 10, isBusy, machine: at },
    }));
    const kept = (benches[bench] ?? []).filter((row) => broken.has(bench) && !rows.some((one) => isSame(one, row)));
    if (rows.length + kept.length > 0) benches[bench] = [...rows, ...kept];
  }
  // Machines that nothing is left of are left out.
  const rows = Object.values(benches).flat();
  const machines = known.filter((_, index) => rows.some((row) => row.machine === index));
  const moved = Object.entries(benches).map(([bench, its]) => [
    bench,
    its.map((row) => ({ ...row, machine: machines.indexOf(known[row.machine] ?? '') })),
  ]);
  return { machines, benches: Object.fromEntries(moved) };
}

/** @param {Figure} one @param {Figure} other */
function isSame(one, other) {
  return one.name === other.name && one.against === other.against;
}

/** The tables, and the machines below them. Pure. @param {Results} results */
export function resultsPart({ machines, benches }) {
  const tables = Object.entries(sections).flatMap(([title, names]) => {
    const rows = names.flatMap((name) => benches[name] ?? []);
    return rows.length === 0 ? [] : [tableOf(title, rows)];
  });
  const list = machines.map((machine, index) => `${index + 1}. ${machine}`).join('\n');
  return [...tables, '## Machines', list].join('\n\n');
}

/** @param {string} title @param {readonly Row[]} rows */
function tableOf(title, rows) {
  const lines = rows.map((row) => {
    const { name, ours, baseline, unit, goal, against, date, load, isBusy, machine } = row;
    const ratio = ours === 0 ? 0 : ours / baseline;
    // What a busy machine measures is held against nothing.
    const isMissed = ratio > goal && !isBusy;
    return [
      name,
      amount(ours, unit),
      `${against}: ${amount(baseline, unit)}`,
      digits(ratio),
      `≤ ${goal}${isMissed ? ' **missed**' : ''}`,
      `${date}, load ${load} (${machine + 1})`,
    ];
  });
  const head = ['figure', 'ours', 'against', 'ratio', 'goal', 'measured'];
  const rule = ['---', '--:', '---', '--:', '---', '---'];
  return [`## ${title}`, '', ...[head, rule, ...lines].map((cells) => `| ${cells.map(escaped).join(' | ')} |`)].join(
    '\n',
  );
}

/** @param {number} value @param {string} unit */
function amount(value, unit) {
  return unit === 'ms' && value >= 1000 ? `${digits(value / 1000)} s` : `${digits(value)} ${unit}`;
}

/** Three of them, and no more behind the point than that. @param {number} value */
function digits(value) {
  return value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 1
        ? value.toFixed(2)
        : value.toFixed(3);
}

/** @param {string} text */
const escaped = (text) => text.replaceAll('|', '\\|');

/** @param {Results} results */
export async function writeBenchPage(results) {
  writeFileSync(file, await formatted(file, JSON.stringify(results)));
  const path = join(root, page);
  const { what, command } = pagePart;
  const text = replacePart(readFileSync(path, 'utf8'), marks(what, command), resultsPart(results));
  writeFileSync(path, await formatted(path, text));
}

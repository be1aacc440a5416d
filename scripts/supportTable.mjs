// README's table of what works on which libvirt, made from what a run of the tests saw. Knows nothing of how it is tested.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './rig/root.mjs';

/** @typedef {import('../test/libvirtd/supportRows.js').SupportRow} SupportRow */

const begin = '<!-- table of what works: written by "npm run test:versions -- --write-table" -->';
const end = '<!-- end of the table -->';

/**
 * @param {readonly string[]} files one JSON object on each line; one that does not exist holds none
 * @returns {SupportRow[]}
 */
export function readSupportRows(files) {
  return files.flatMap((file) =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line))
      : [],
  );
}

/** Puts the table between its two marks in README.md. @param {readonly SupportRow[]} rows */
export async function writeSupportTable(rows) {
  const file = join(root, 'README.md');
  const text = replaceTable(readFileSync(file, 'utf8'), supportTable(rows));
  // Not above: this file is read before npm ci may have run.
  const prettier = await import('prettier');
  const options = await prettier.resolveConfig(file);
  writeFileSync(file, await prettier.format(text, { ...options, filepath: file }));
}

/** @param {string} text @param {string} table @returns {string} @throws {Error} where the marks are not there once each */
export function replaceTable(text, table) {
  const [before, rest, ...more] = text.split(begin);
  const [, after, ...others] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`there must be one line "${begin}" and below it one "${end}"`);
  }
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
}

/**
 * One column for each version, oldest first. Cases of a kind that turn out alike on every version share a line, so a
 * line says "any" where all states that were tried do.
 * @param {readonly SupportRow[]} rows
 * @returns {string} a table in Markdown
 * @throws {Error} where there is no row, or two rows of one case contradict each other
 */
export function supportTable(rows) {
  if (rows.length === 0) throw new Error('no test told what works');
  const versions = unique(rows.map(versionOf)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  /** @type {Map<string, Map<string, Map<string, string>>>} operation and kind → case → version → cell */
  const kinds = new Map();
  for (const row of rows) {
    const cases = entry(kinds, JSON.stringify([row.operation, row.kind]), () => new Map());
    const cells = entry(cases, JSON.stringify([row.from, row.after ?? '']), () => new Map());
    const [cell, known] = [cellOf(row), cells.get(versionOf(row))];
    if (known !== undefined && known !== cell) {
      throw new Error(`${JSON.stringify(row)} contradicts an earlier row that says "${known}"`);
    }
    cells.set(versionOf(row), cell);
  }
  const lines = [...kinds].flatMap(([kind, cases]) => linesOf(JSON.parse(kind), cases, versions));
  const head = ['operation', 'snapshot', 'the VM is', 'and then', ...versions];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * @param {string[]} kind operation and kind
 * @param {ReadonlyMap<string, ReadonlyMap<string, string>>} cases
 * @param {readonly string[]} versions
 * @returns {string[][]}
 */
function linesOf(kind, cases, versions) {
  /** @type {Map<string, Map<string, string[]>>} cells → state before → states after */
  const alike = new Map();
  for (const [of, cells] of cases) {
    const [from, after] = JSON.parse(of);
    const line = JSON.stringify(versions.map((version) => cells.get(version) ?? 'not tried'));
    entry(
      entry(alike, line, () => new Map()),
      from,
      () => /** @type {string[]} */ ([]),
    ).push(after);
  }
  const all = [...cases.keys()].map((of) => /** @type {string[]} */ (JSON.parse(of)));
  const froms = unique(all.map(([from = '']) => from));
  const aftersOf = (/** @type {string} */ from) => all.filter(([of]) => of === from).map(([, after = '']) => after);
  return [...alike].flatMap(([line, byFrom]) => {
    /** @type {Map<string, string[]>} states after, in words → states before */
    const sets = new Map();
    for (const [from, afters] of byFrom) {
      const whole = afters.length === aftersOf(from).length && afters.length > 1;
      entry(sets, whole ? 'any' : afters.map(words).join(', '), () => /** @type {string[]} */ ([])).push(from);
    }
    return [...sets].map(([after, of]) => {
      const whole = of.length === froms.length && of.length > 1;
      return [...kind.map(words), whole ? 'any' : of.map(words).join(', '), after, ...JSON.parse(line)];
    });
  });
}

/** @param {SupportRow} row */
function versionOf({ libvirt, qemu }) {
  return `libvirt ${libvirt}, QEMU ${qemu}`;
}

/** How it works → what the table says. */
const works = { natively: 'yes', byOurSteps: 'yes, by our own steps', titleOnly: 'the title only' };

/** @param {SupportRow} row */
function cellOf({ result }) {
  return 'refused' in result ? `no: ${words(result.refused)}` : works[result.works];
}

/** asSnapshot → "as snapshot" @param {string} name */
function words(name) {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** @template T @param {readonly T[]} items */
function unique(items) {
  return [...new Set(items)];
}

/** @template K, V @param {Map<K, V>} map @param {K} key @param {() => V} make @returns {V} */
function entry(map, key, make) {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

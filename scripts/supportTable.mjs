// The table of what works on which libvirt (docs/support-matrix.md), made from what a run of the tests saw.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatted, marks, replacePart } from './docs/generatedPart.mjs';
import { root } from './rig/root.mjs';

/** @typedef {import('../test/libvirtd/supportRows.js').SupportRow} SupportRow */

const between = marks('the table of what works', 'npm run test:versions -- --write-table');

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

const file = join(root, 'docs/support-matrix.md');

/** Puts the table into its page. @param {readonly SupportRow[]} rows */
export async function writeSupportTable(rows) {
  writeFileSync(file, await pageWith(rows));
}

/** @param {readonly SupportRow[]} rows @returns {Promise<boolean>} whether the page says just that */
export async function isSupportTableOf(rows) {
  return readFileSync(file, 'utf8') === (await pageWith(rows));
}

/** @param {readonly SupportRow[]} rows */
async function pageWith(rows) {
  return formatted(file, replacePart(readFileSync(file, 'utf8'), between, supportTable(rows)));
}

/**
 * What a refusal means here; one that is not among these is told by its name. @type {Readonly<Record<string, string>>}
 */
const refusals = {
  notRunning: 'for a VM that runs only',
  notOff: 'for a VM that is off only',
  managedSaveExists: 'the managed save must be started or dropped first',
  rawDisk: 'a raw disk can hold no snapshot inside',
  severalChildren: 'several snapshots are built on its overlay; those of one branch must go first',
  currentHasChildren: 'the VM stands on it, beside the snapshots that are built on it',
  checkpointImpossible: 'the saved VM must be started first, or the revert be done without',
};

/** How it works → what the table says. */
const works = { natively: 'by libvirt', byOurSteps: 'by Virt Rewind', titleOnly: 'the title only' };

/**
 * One column for each version, oldest first. Cases of a kind that turn out alike on every version share a line, so a
 * line says "any" where all states do; so do kinds whose cases all turn out alike. Why something is
 * refused stands below the table.
 * @param {readonly SupportRow[]} rows
 * @returns {string} a table in Markdown
 * @throws {Error} where there is no row, or two rows of one case contradict each other
 */
export function supportTable(rows) {
  if (rows.length === 0) throw new Error('no test told what works');
  const versions = unique(rows.map(versionOf)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  /** @type {Map<string, Map<string, Map<string, string>>>} operation and kind → case → version → cell */
  const kinds = new Map();
  /** @type {string[]} reasons, in the order of their numbers */
  const notes = [];
  for (const row of rows.toSorted(byOperation)) {
    const cases = entry(kinds, JSON.stringify([row.operation, row.kind]), () => new Map());
    const cells = entry(cases, JSON.stringify([row.from, row.after ?? '']), () => new Map());
    const [cell, known] = [cellOf(row, notes), cells.get(versionOf(row))];
    if (known !== undefined && known !== cell) {
      throw new Error(`${JSON.stringify(row)} contradicts an earlier row that says "${known}"`);
    }
    cells.set(versionOf(row), cell);
  }
  /** @type {Map<string, { operation: string, of: string[], lines: string[][] }>} */
  const alike = new Map();
  for (const [kind, cases] of kinds) {
    const [operation, name] = JSON.parse(kind);
    const lines = linesOf(cases, versions);
    entry(alike, JSON.stringify([operation, lines]), () => ({ operation, of: [], lines })).of.push(name);
  }
  const all = [...alike.values()].flatMap(({ operation, of, lines }) =>
    lines.map((line) => [operation, of.map(words).join('; '), ...line]),
  );
  const head = ['operation', 'snapshot', 'the VM is', 'and then', ...versions];
  const table = [head, head.map(() => '---'), ...all].map((cells) => `| ${cells.join(' | ')} |`);
  const legend = notes.map((reason, index) => `${index + 1}. ${refusals[reason] ?? words(reason)}`);
  return [...table, ...(legend.length === 0 ? [] : ['', ...legend])].join('\n');
}

/** Tests report in the order in which they run. @param {SupportRow} a @param {SupportRow} b */
function byOperation(a, b) {
  const order = ['create', 'revert', 'delete', 'rename'];
  return order.indexOf(a.operation) - order.indexOf(b.operation);
}

/**
 * @param {ReadonlyMap<string, ReadonlyMap<string, string>>} cases
 * @param {readonly string[]} versions
 * @returns {string[][]} cells from the state before on
 */
function linesOf(cases, versions) {
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
  return [...alike].flatMap(([line, byFrom]) => {
    /** @type {Map<string, string[]>} states after, in words → states before */
    const sets = new Map();
    for (const [from, afters] of byFrom) {
      entry(sets, anyOr(afters, statesAfter), () => /** @type {string[]} */ ([])).push(from);
    }
    return [...sets].map(([after, of]) => [anyOr(of, statesBefore), after, ...JSON.parse(line)]);
  });
}

const statesBefore = ['running', 'paused', 'off', 'managedSave'];
const statesAfter = ['asSnapshot', 'running', 'paused', 'off'];

/** What was not tried is not claimed. @param {readonly string[]} states @param {readonly string[]} all */
function anyOr(states, all) {
  return all.every((state) => states.includes(state)) ? 'any' : states.map(words).join(', ');
}

/** @param {SupportRow} row */
function versionOf({ libvirt, qemu }) {
  return `libvirt ${libvirt}, QEMU ${qemu}`;
}

/** @param {SupportRow} row @param {string[]} notes gets the reason of a refusal, once */
function cellOf({ result }, notes) {
  if ('works' in result) return works[result.works];
  if (!notes.includes(result.refused)) notes.push(result.refused);
  return `no (${notes.indexOf(result.refused) + 1})`;
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

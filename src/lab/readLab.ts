// The text of a lab file → what it says, or what is wrong with it and where. Bounded: whoever wrote the file may mean
// harm. Pure; it looks at no file and no VM.
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { type Document, isMap, isNode, isPair, isSeq, LineCounter, parseDocument } from 'yaml';
import { displayLine } from '../domain/plainText.js';
import type { Lab, LabProblem } from './labFile.js';
import { keysAt, type LabPath, labShape, meaningAt } from './labShape.js';
import { checkLab, type LabFault } from './labChecks.js';

/** In characters. */
export const longestLab = 256 * 1024;
/** A lab has seven levels. Each more is a call of the reader within another; brackets in a text are counted too. */
const deepest = 200;
/** What aliases stand for is counted as if it had been written out. */
const mostAliases = 50;
const mostProblems = 50;

export interface ReadLab {
  /** Absent where anything is wrong. */
  readonly lab?: Lab;
  readonly problems: readonly LabProblem[];
  /** Where a key stands or, without one of the VM's, the VM itself. From 1. */
  positionOf(path: LabPath): LabProblem;
}

export function readLab(text: string): ReadLab {
  const lines = new LineCounter();
  const from = (start: number, end: number, message: string): LabProblem => {
    const [a, b] = [lines.linePos(start), lines.linePos(Math.max(start, end))];
    return { line: Math.max(1, a.line), column: Math.max(1, a.col), endLine: b.line, endColumn: b.col, message };
  };
  const refuseLab = (message: string): ReadLab => {
    const problem = { line: 1, column: 1, endLine: 1, endColumn: 1, message };
    return { problems: [problem], positionOf: () => problem };
  };
  if (text.length > longestLab) {
    return refuseLab(t('The file is too long: a lab file can have at most {0} characters.', longestLab));
  }
  if (depthOf(text) > deepest) {
    return refuseLab(t('The file is nested too deeply.'));
  }
  let document: Document;
  let value: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, version: '1.2' });
    if (document.errors.length > 0) {
      return {
        problems: document.errors
          .slice(0, mostProblems)
          .map(({ pos: [start, end], message }) => from(start, end, displayLine(message, 300))),
        positionOf: () => from(0, 0, ''),
      };
    }
    value = document.toJS({ maxAliasCount: mostAliases });
  } catch {
    // Aliases that explode, or calls too many within each other.
    return refuseLab(t('An alias in the file has no target, or there are too many aliases. Write out the values.'));
  }
  const positionOf = (path: LabPath, message = '', on: LabFault['on'] = 'value'): LabProblem => {
    const [start, end] = rangeOf(document, path, on);
    return from(start, end, message);
  };
  const toProblems = (wrong: readonly LabFault[]): readonly LabProblem[] =>
    wrong.slice(0, mostProblems).map(({ path, message, on }) => positionOf(path, message, on));
  const parsed = v.safeParse(labShape, value);
  if (!parsed.success) {
    return { problems: toProblems(parsed.issues.map(wrongOf)), positionOf };
  }
  const made = checkLab(parsed.output);
  return Array.isArray(made)
    ? { problems: toProblems(made), positionOf }
    : { lab: made as Lab, problems: [], positionOf };
}

/** As far as it can be told without reading: brackets within each other, and lines indented further and further. */
function depthOf(text: string): number {
  let [open, most] = [0, 0];
  for (const character of text) {
    if (character === '[' || character === '{') {
      open += 1;
      most = Math.max(most, open);
    } else if (character === ']' || character === '}') {
      open = Math.max(0, open - 1);
    }
  }
  for (const line of text.split('\n')) {
    // Each of these begins a collection within the one before: `- - - -`, `? ? ?`.
    most = Math.max(most, /^[ ]*((?:[-?:] +)*)/u.exec(line)?.[1]?.replaceAll(' ', '').length ?? 0);
  }
  return most;
}

function wrongOf(issue: v.BaseIssue<unknown>): LabFault {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
  const key = displayLine(String(path.at(-1) ?? ''));
  const isKey = issue.path?.at(-1)?.origin === 'key';
  if (issue.expected === 'never') {
    const known = keysAt(path.slice(0, -1));
    const near = known.find((one) => one.toLowerCase() === key.toLowerCase() || distance(one, key) < 3);
    return {
      path,
      on: 'key',
      message:
        near === undefined
          ? t('Unknown key “{0}”. Known keys: {1}.', key, known.join(', '))
          : t('Unknown key “{0}”. Did you mean “{1}”?', key, near),
    };
  }
  if (isKey && issue.received === 'undefined') {
    return {
      path: path.slice(0, -1),
      message: t('“{0}” is missing: {1}', key, meaningAt(path)),
    };
  }
  if (isKey) {
    return { path, on: 'key', message: t('“{0}” is not a valid name. Use at most 40 letters, digits, - and _.', key) };
  }
  const place = typeof path.at(-1) === 'number' ? path.slice(0, -1) : path;
  const description = meaningAt(place);
  return {
    path,
    message:
      path.length === 0
        ? t('A lab file must be a map with these keys: {0}.', keysAt([]).join(', '))
        : t('Invalid value for “{0}”: {1}', displayLine(String(place.at(-1) ?? '')), description),
  };
}

/** A value of one word itself, any other by its key; else what is nearest around it. */
function rangeOf(document: Document, path: LabPath, on: LabFault['on']): readonly [number, number] {
  let node: unknown = document.contents;
  let range: readonly [number, number] = [0, 0];
  for (const step of path) {
    const item: unknown = isMap(node)
      ? node.items.find(({ key }) => String(key) === String(step))
      : isSeq(node)
        ? node.items[Number(step)]
        : undefined;
    if (item === undefined) {
      break;
    }
    node = isPair(item) ? item.value : item;
    const isWord = !isMap(node) && !isSeq(node) && on !== 'key';
    range = (isPair(item) && !isWord ? spanOf(item.key) : spanOf(node)) ?? range;
  }
  return range;
}

function spanOf(node: unknown): readonly [number, number] | undefined {
  return isNode(node) && node.range ? [node.range[0], node.range[1]] : undefined;
}

/** How many letters one word is away from another, up to 3. */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2 || other.length > 40) {
    return 3;
  }
  let row = [...Array(other.length + 1).keys()];
  for (const [at, letter] of Array.from(one).entries()) {
    const next = [at + 1];
    for (const [to, wanted] of Array.from(other).entries()) {
      next.push(Math.min((row[to] ?? 0) + (letter === wanted ? 0 : 1), (row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 3;
}

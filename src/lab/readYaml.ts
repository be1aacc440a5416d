// The text of a YAML file of a known shape → its value, or what is wrong with it and where. Bounded: the author may
// mean harm. Pure; it looks at no file and no VM.
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { type Document, isMap, isNode, isPair, isSeq, LineCounter, parseDocument } from 'yaml';
import { displayLine } from '../domain/plainText.js';
import { type FilePath, formAt, keysAt, meaningAt, type ShapePart } from './shapeParts.js';

/** In characters. */
export const longestYaml = 256 * 1024;
/** Each level more is a call of the reader within another; brackets in a text are counted too. */
const deepest = 200;
/** What aliases stand for is counted as if it had been written out. */
const mostAliases = 50;
const mostProblems = 50;

/** Something wrong at a place of the file. From 1. */
export interface FileProblem {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** Something wrong, by the path of keys that leads to it. */
export interface FileFault {
  readonly path: FilePath;
  readonly message: string;
  /** The key itself is wrong, not what stands behind it. */
  readonly on?: 'key' | 'value';
}

interface ReadYaml<T> {
  /** Absent where anything is wrong. */
  readonly value?: T;
  readonly problems: readonly FileProblem[];
  /** Where a key stands or, without one, what is nearest around it. */
  readonly positionOf: (path: FilePath) => FileProblem;
  readonly problemsOf: (faults: readonly FileFault[]) => readonly FileProblem[];
}

export function readYaml<const S extends v.GenericSchema>(text: string, shape: S): ReadYaml<v.InferOutput<S>> {
  const lines = new LineCounter();
  const from = (start: number, end: number, message: string): FileProblem => {
    const [a, b] = [lines.linePos(start), lines.linePos(Math.max(start, end))];
    return { line: Math.max(1, a.line), column: Math.max(1, a.col), endLine: b.line, endColumn: b.col, message };
  };
  const withProblems = (problems: readonly FileProblem[]): ReadYaml<never> => ({
    problems,
    positionOf: () => from(0, 0, ''),
    problemsOf: () => [],
  });
  const refuse = (message: string): ReadYaml<never> =>
    withProblems([{ line: 1, column: 1, endLine: 1, endColumn: 1, message }]);
  if (text.length > longestYaml) {
    return refuse(t('The file is too long: it can have at most {0} characters.', longestYaml));
  }
  if (depthOf(text) > deepest) {
    return refuse(t('The file is nested too deeply.'));
  }
  let document: Document;
  let value: unknown;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, version: '1.2' });
    if (document.errors.length > 0) {
      return withProblems(
        document.errors
          .slice(0, mostProblems)
          .map(({ pos: [start, end], message }) => from(start, end, displayLine(message, 300))),
      );
    }
    value = document.toJS({ maxAliasCount: mostAliases });
  } catch {
    // Aliases that explode, or calls too many within each other.
    return refuse(t('An alias in the file has no target, or there are too many aliases. Write out the values.'));
  }
  const positionOf = (path: FilePath, message = '', on: FileFault['on'] = 'value'): FileProblem => {
    const [start, end] = rangeOf(document, path, on);
    return from(start, end, message);
  };
  const problemsOf = (faults: readonly FileFault[]): readonly FileProblem[] =>
    faults.slice(0, mostProblems).map(({ path, message, on }) => positionOf(path, message, on));
  if (isOther(value, keysAt(shape, []))) {
    // Nothing is said of what is in it: whose it is, nobody knows.
    return refuse(mapNeeded(shape));
  }
  const parsed = v.safeParse(shape, value);
  return parsed.success
    ? { value: parsed.output, problems: [], positionOf, problemsOf }
    : {
        problems: problemsOf(parsed.issues.map((issue) => faultOf(shape as ShapePart, issue))),
        positionOf,
        problemsOf,
      };
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

function faultOf(shape: ShapePart, issue: v.BaseIssue<unknown>): FileFault {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
  const key = displayLine(String(path.at(-1) ?? ''));
  const isKey = issue.path?.at(-1)?.origin === 'key';
  if (issue.expected === 'never') {
    const known = keysAt(shape, path.slice(0, -1));
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
      message: t('“{0}” is missing: {1}', key, meaningAndForm(shape, path)),
    };
  }
  if (isKey) {
    return { path, on: 'key', message: t('“{0}” is not a valid name. Use at most 40 letters, digits, - and _.', key) };
  }
  const place = typeof path.at(-1) === 'number' ? path.slice(0, -1) : path;
  const description = meaningAndForm(shape, place);
  return {
    path,
    message:
      path.length === 0
        ? mapNeeded(shape)
        : t('Invalid value for “{0}”: {1}', displayLine(String(place.at(-1) ?? '')), description),
  };
}

/** What a key is for, and how its value is written. */
function meaningAndForm(shape: ShapePart, path: FilePath): string {
  return [meaningAt(shape, path), formAt(shape, path)].filter((part) => part !== '').join(': ');
}

/** No file of the kind: a map without any of its keys, or of their like. */
function isOther(value: unknown, known: readonly string[]): boolean {
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  return keys.length > 0 && !keys.some((key) => known.some((one) => distance(one, key) < 3));
}

function mapNeeded(shape: ShapePart): string {
  return t('The file must be a map with these keys: {0}.', keysAt(shape, []).join(', '));
}

/** A value of one word itself, any other by its key; else what is nearest around it. */
function rangeOf(document: Document, path: FilePath, on: FileFault['on']): readonly [number, number] {
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

// Where in a lab file somebody is who writes it: the way to the map around the cursor, and the key whose value it is
// in. By indentation and brackets, line by line, because a file that is being written is no YAML yet. Pure.
import { keyAt, keysAt, type LabKey, type LabPath } from './labKeys.js';

export interface LabPlace {
  /** To the map or list in which the cursor is. */
  readonly path: LabPath;
  /** Behind its colon. */
  readonly key?: string;
}

interface Entry {
  /** Columns. */
  readonly dash?: number;
  readonly begins: number;
  readonly key?: string;
  /** Behind the colon, or the whole where there is none. */
  readonly rest: string;
  readonly restAt: number;
}

/** @param line from 0 @param column from 0: what stands in the line from there on does not count */
export function labPlaceAt(text: string, line: number, column: number): LabPlace {
  const lines = text.split(/\r?\n/u);
  const own = entryOf((lines[line] ?? '').slice(0, column));
  const isEmpty = own.key === undefined && own.rest.trim() === '' && own.dash === undefined;
  const path: (string | number)[] = [];
  // A key above that begins before this column leads here; the dash before one at this column begins the item that this
  // is in.
  let before = isEmpty ? column : own.begins;
  const enterList = (dash: number): void => {
    path.unshift(0);
    before = dash + 1;
  };
  if (own.dash !== undefined) {
    enterList(own.dash);
  }
  for (let at = line - 1; at >= 0 && before > 0; at -= 1) {
    const entry = entryOf(lines[at] ?? '');
    if (entry.key === undefined && entry.dash === undefined) {
      continue;
    }
    const isParent = entry.begins < before && entry.key !== undefined && isOpen(entry.rest);
    if (isParent) {
      path.unshift(entry.key);
    }
    if (entry.dash !== undefined && entry.begins <= before) {
      enterList(entry.dash);
    } else if (isParent) {
      before = entry.begins;
    }
  }
  return inBrackets(own, path);
}

/** Nothing of a value, or only its anchor: what is indented below belongs to it. */
function isOpen(rest: string): boolean {
  return /^\s*(?:&\S+\s*)?(?:[|>][-+\d]*\s*)?(?:#.*)?$/u.test(rest);
}

function entryOf(line: string): Entry {
  const [, indent = '', dash = ''] = /^( *)((?:- +|-$)?)/u.exec(line) ?? [];
  const begins = indent.length + dash.length;
  const behind = line.slice(begins);
  const found = behind.startsWith('#') ? null : /^([\w-]+|"[^"]*"|'[^']*') *:(?= |$)/u.exec(behind);
  const shared = { ...(dash !== '' && { dash: indent.length }), begins };
  if (found === null) {
    return { ...shared, rest: behind.startsWith('#') ? '' : behind, restAt: begins };
  }
  const restAt = begins + found[0].length;
  return { ...shared, key: unquote(found[1] ?? ''), rest: line.slice(restAt), restAt };
}

function unquote(text: string): string {
  return /^["']/u.test(text) ? text.slice(1, -1) : text;
}

/** What the brackets that are open at the end of the line add to the way. */
function inBrackets({ key, rest }: Entry, path: readonly (string | number)[]): LabPlace {
  const way = [...path];
  let last = key;
  let word = '';
  const outer: { readonly steps: number; readonly isList: boolean }[] = [];
  for (const [part] of rest.matchAll(/"(?:[^"\\]|\\.)*"?|'[^']*'?|:(?=\s|$)|[[\]{},]|[^"'[\]{},:]+|:/gu)) {
    if (part === '{' || part === '[') {
      const steps = [...(last === undefined ? [] : [last]), ...(part === '[' ? [0] : [])];
      way.push(...steps);
      outer.push({ steps: steps.length, isList: part === '[' });
      [last, word] = [undefined, ''];
    } else if (part === '}' || part === ']') {
      const left = outer.pop();
      way.splice(way.length - (left?.steps ?? 0));
      [last, word] = [undefined, ''];
    } else if (part === ',') {
      [last, word] = [undefined, ''];
    } else if (part === ':' && outer.at(-1)?.isList === false) {
      last = unquote(word.trim());
    } else {
      word += part;
    }
  }
  return { path: way, ...(last !== undefined && { key: last }) };
}

/** The names of the VMs in a file that may be half written. */
function vmsIn(text: string): readonly string[] {
  return text.split(/\r?\n/u).flatMap((line, at) => {
    const { begins, key } = entryOf(line);
    const { path } = key === undefined ? { path: [] } : labPlaceAt(text, at, begins);
    return key !== undefined && path.length === 1 && path[0] === 'vms' ? [key] : [];
  });
}

/** What of the schema can be written at a place: keys of the map, or values of the key. */
interface LabOffer {
  readonly label: string;
  readonly inserted: string;
  readonly description: string;
  readonly kind: 'key' | 'value';
}

/** @param line from 0 @param column from 0 */
export function labOffers(text: string, line: number, column: number): readonly LabOffer[] {
  const { path, key } = labPlaceAt(text, line, column);
  const written = text.split(/\r?\n/u)[line] ?? '';
  const value = (label: string, description: string): LabOffer => ({
    label,
    inserted: label,
    description,
    kind: 'value',
  });
  const isOfVms = key === 'vm' || path.at(-2) === 'after' || (path.at(-2) === 'vms' && key === 'after');
  if (isOfVms) {
    return vmsIn(text)
      .filter((vm) => vm !== path[1] || path[0] !== 'vms')
      .map((vm) => value(vm, ''));
  }
  if (key !== undefined) {
    const { values = [], description = '' } = keyAt([...path, key]) ?? {};
    return values.map((one) => value(one, description));
  }
  const inBraces = /[{,]\s*[\w-]*$/u.test(written.slice(0, column));
  return keysAt(path).map(({ name, description, opens }) => ({
    label: name,
    inserted: `${name}:${opens === 'value' || inBraces ? ' ' : ''}`,
    description,
    kind: 'key',
  }));
}

/** The key under the cursor, as the schema has it. */
export function labKeyUnder(text: string, line: number, column: number): LabKey | undefined {
  const written = text.split(/\r?\n/u)[line] ?? '';
  const word = [...written.matchAll(/[\w-]+/gu)].find(
    ({ 0: found, index }) => index <= column && column <= index + found.length,
  );
  if (word === undefined || !/^["']? *:(?:\s|$)/u.test(written.slice(word.index + word[0].length))) {
    return undefined;
  }
  return keyAt([...labPlaceAt(text, line, word.index).path, word[0]]);
}

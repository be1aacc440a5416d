// What a command was called with, made out of unknown values: menus hand in rows of the tree, the palette nothing, and
// keybindings, tasks and other extensions one object.
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { type Node, isNode } from '../tree/nodes.js';
import { type ArgumentName, argumentTable, type CommandArguments } from '../../verbs/arguments.js';
import { CommandError } from '../prompts/commandError.js';

/**
 * | first argument              | is                                                                       |
 * |-----------------------------|--------------------------------------------------------------------------|
 * | nothing                     | `palette`: all is asked                                                  |
 * | a row, and the selected rows | `rows`                                                                   |
 * | a row, and an object of arguments, alone or in a list of rows | `rows`: links of pages                 |
 * | a list with one row         | `rows`: it, and the selected rows if it is one of them: keys in the view |
 * | a list without a row        | `rows`: the selected rows, or `palette`                                  |
 * | either list, with an object of arguments beside the row | the same: keys                               |
 * | the address of a file       | `file`: of a lab or a guest, in the explorer or above an editor          |
 * | any other plain object      | `program`: the caller gets a rejection instead of a message              |
 */
export type Call =
  | { readonly kind: 'palette'; readonly given: CommandArguments }
  | { readonly kind: 'rows'; readonly rows: readonly [Node, ...Node[]]; readonly given: CommandArguments }
  | { readonly kind: 'file'; readonly path: string; readonly address: string }
  | { readonly kind: 'program'; readonly given: CommandArguments };

/**
 * Arrow keys move the focus of the view and leave its selection, and the editor tells extensions the selection only.
 * But it puts the row with the focus in place of `{ "$treeViewId": …, "$focusedTreeItem": true }`, as it does for the
 * buttons above a view, wherever that stands in the arguments of a keybinding. Ours pass a list of it, so that it can
 * be told from a row under the mouse.
 * @param selection the rows selected in the view
 * @throws CommandError `invalid`, naming the argument: one that is unknown would otherwise silently not count
 */
export function parseCall(first: unknown, second: unknown, selection: () => readonly Node[]): Call {
  if (first === undefined || first === null) {
    return { kind: 'palette', given: {} };
  }
  if (Array.isArray(first)) {
    const focused = first.find(isNode);
    const selected = selection();
    const [row, ...others] = focused === undefined ? selected : rowsWith(focused, selected);
    const given = besideRow(first.find((one) => !isNode(one) && !isRowPlace(one)));
    return row === undefined ? { kind: 'palette', given } : { kind: 'rows', rows: [row, ...others], given };
  }
  if (isNode(first)) {
    const beside: readonly unknown[] = Array.isArray(second) ? second : [];
    const rows = rowsWith(first, beside.filter(isNode));
    return { kind: 'rows', rows, given: besideRow(beside.find((one) => !isNode(one)) ?? second) };
  }
  if (isFile(first)) {
    return { kind: 'file', path: first.fsPath, address: first.toString() };
  }
  if (!isPlainObject(first)) {
    throw new CommandError('invalid', t('The command takes one object with its arguments.'));
  }
  return { kind: 'program', given: parseArguments(first) };
}

/** The row first, then the other selected ones, unless the row is none of them. */
function rowsWith(row: Node, selected: readonly Node[]): readonly [Node, ...Node[]] {
  const others = selected.filter(({ id }) => id !== row.id);
  return [row, ...(others.length < selected.length ? others : [])];
}

function parseArguments(given: Readonly<Record<string, unknown>>): CommandArguments {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (!isArgument(key)) {
      throw new CommandError('invalid', t('Unknown argument: {0}.', key.slice(0, 100)));
    }
    if (value === undefined) {
      continue;
    }
    if (!v.is(argumentTable[key].shape, value)) {
      throw new CommandError('invalid', t('Invalid value for the argument {0}.', key));
    }
    result[key] = value;
  }
  return result;
}

/** Nobody but a program does without the question. */
function besideRow(value: unknown): CommandArguments {
  const { confirm: _, ...given } = isPlainObject(value) ? parseArguments(value) : {};
  return given;
}

/** Where no row has the focus, the editor leaves what it would have put a row in the place of. */
function isRowPlace(value: unknown): boolean {
  return isPlainObject(value) && '$treeViewId' in value;
}

/** One that is no file is told so by what reads it. */
function isFile(value: unknown): value is { readonly fsPath: string; toString(): string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'scheme' in value &&
    'fsPath' in value &&
    typeof value.fsPath === 'string' &&
    typeof value.toString === 'function'
  );
}

function isArgument(key: string): key is ArgumentName {
  return Object.hasOwn(argumentTable, key);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was given with it. */
export function argumentsOf(call: Call): CommandArguments {
  return call.kind === 'file' ? {} : call.given;
}

// What a command was called with, made out of unknown values: menus hand in rows of the tree, the palette nothing, and
// keybindings, tasks and other extensions one object. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import { type Node, isNode } from '../tree/nodes.js';
import { CommandError } from '../prompts/commandError.js';

export const kinds = ['memory', 'disk', 'offline', 'auto'] as const;
export const styles = ['internal', 'external'] as const;
export const afterReverts = ['asSnapshot', 'asBefore', 'running', 'paused', 'off'] as const;
/** What `virtRewind.copyVirshCommand` can write down: the commands that change a VM, by the verb of their id. */
export const operations = [
  'createSnapshot',
  'revert',
  'deleteSnapshot',
  'deleteWithDescendants',
  'start',
  'shutDown',
  'forceOff',
  'pause',
  'resume',
  'restart',
  'consolidate',
  'prune',
] as const;
export type OperationName = (typeof operations)[number];

/** What is given is not asked. */
export interface CommandArguments {
  /** Name or UUID. */
  readonly vm?: string;
  /** URI; without it the VM is looked for on all connections. */
  readonly connection?: string;
  /** Name, or a title that only one snapshot of the VM has. */
  readonly snapshot?: string;
  /** The other snapshot of a comparison. */
  readonly other?: string;
  readonly kind?: (typeof kinds)[number];
  readonly style?: (typeof styles)[number];
  readonly quiesce?: boolean;
  /** External memory: the guest runs on while its RAM is written. */
  readonly live?: boolean;
  /** Guest device names of disks that stay out of an external snapshot: `["vdb"]`. */
  readonly without?: readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly after?: (typeof afterReverts)[number];
  /** Whether a revert keeps the present state first. */
  readonly checkpointFirst?: boolean;
  /** `false`: a destructive command asks nothing. Not honoured in a workspace that is not trusted. */
  readonly confirm?: boolean;
  readonly operation?: OperationName;
  /** Guest device name of the one disk that is consolidated. */
  readonly disk?: string;
  /** How far a chain is shortened: a snapshot, which stays, or a file where no snapshot owns the layers. */
  readonly downTo?: string;
  /** At most, in MiB a second; 0: as fast as it goes. */
  readonly speed?: number;
  /** Prune: older than so many hours. */
  readonly olderThan?: number;
  /** Prune: how many of the newest stay. */
  readonly keepLast?: number;
  /** Prune: just these, by name or title. */
  readonly snapshots?: readonly string[];
  /** For `virtRewind.filter`; empty shows all. */
  readonly filter?: string;
}

/**
 * | first argument              | is                                                                       |
 * |-----------------------------|--------------------------------------------------------------------------|
 * | nothing                     | `palette`: all is asked                                                  |
 * | a row, and the selected rows | `rows`                                                                   |
 * | a list with one row         | `rows`: it, and the selected rows if it is one of them: keys in the view |
 * | a list without a row        | `rows`: the selected rows, or `palette` |
 * | any other plain object      | `program`: the caller gets a rejection instead of a message              |
 */
export type Call =
  | { readonly kind: 'palette' }
  | { readonly kind: 'rows'; readonly rows: readonly [Node, ...Node[]] }
  | { readonly kind: 'program'; readonly given: CommandArguments };

/** libvirt's own limit is far below. */
const mostDisks = 1_000;
const mostAmount = 1_000_000;

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string' && value !== '';
const anyText: Check = (value) => typeof value === 'string';
const texts: Check = (value) => Array.isArray(value) && value.length <= mostDisks && value.every(text);
const flag: Check = (value) => typeof value === 'boolean';
const amount: Check = (value) => typeof value === 'number' && value >= 0 && value <= mostAmount;
const oneOf =
  (allowed: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && allowed.includes(value);

const checks: Readonly<Record<keyof CommandArguments, Check>> = {
  vm: text,
  connection: text,
  snapshot: text,
  other: text,
  kind: oneOf(kinds),
  style: oneOf(styles),
  quiesce: flag,
  live: flag,
  without: texts,
  title: text,
  description: anyText,
  after: oneOf(afterReverts),
  checkpointFirst: flag,
  confirm: flag,
  operation: oneOf(operations),
  disk: text,
  downTo: text,
  speed: amount,
  olderThan: amount,
  keepLast: (value) => amount(value) && Number.isInteger(value),
  snapshots: texts,
  filter: anyText,
};

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
    return { kind: 'palette' };
  }
  if (Array.isArray(first)) {
    const focused = first.find(isNode);
    const selected = selection();
    const [row, ...others] = focused === undefined ? selected : rowsWith(focused, selected);
    return row === undefined ? { kind: 'palette' } : { kind: 'rows', rows: [row, ...others] };
  }
  if (isNode(first)) {
    return { kind: 'rows', rows: rowsWith(first, Array.isArray(second) ? second.filter(isNode) : []) };
  }
  if (!isPlainObject(first)) {
    throw new CommandError('invalid', t('A command takes one object with its arguments, and nothing else.'));
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
      throw new CommandError('invalid', t('There is no argument {0}.', key.slice(0, 100)));
    }
    if (value === undefined) {
      continue;
    }
    if (!checks[key](value)) {
      throw new CommandError('invalid', t('The argument {0} does not take this value.', key));
    }
    result[key] = value;
  }
  return result;
}

function isArgument(key: string): key is keyof CommandArguments {
  return Object.hasOwn(checks, key);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a program gave; nothing for a call from a menu or the palette. */
export function givenTo(call: Call): CommandArguments {
  return call.kind === 'program' ? call.given : {};
}

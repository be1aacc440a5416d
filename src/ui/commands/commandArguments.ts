// What a command was called with, made out of unknown values: menus hand in rows of the tree, the palette nothing, and
// keybindings, tasks and other extensions one object. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { type Node, isNode } from '../tree/nodes.js';
import { mostForks } from '../../domain/clone.js';
import { longestSeconds } from '../../domain/startWait.js';
import { CommandError } from '../prompts/commandError.js';

/** libvirt's own limit is far below. */
const mostDisks = 1_000;
const mostAmount = 1_000_000;

const text = v.pipe(v.string(), v.nonEmpty());
const anyText = v.string();
const texts = v.pipe(v.array(text), v.maxLength(mostDisks));
const flag = v.boolean();
const amount = v.pipe(v.number(), v.minValue(0), v.maxValue(mostAmount));
const whole = v.pipe(amount, v.integer());
const oneTo99 = v.pipe(whole, v.minValue(1), v.maxValue(99));
const oneTo64 = v.pipe(whole, v.minValue(1), v.maxValue(64));
const tcpPort = v.pipe(whole, v.minValue(1), v.maxValue(65_535));
const waitSeconds = v.pipe(v.number(), v.minValue(0), v.maxValue(longestSeconds));
const forks = v.pipe(whole, v.minValue(1), v.maxValue(mostForks));

/** What docs/commands.md says of them is written from here: `npm run docs`. */
const shapes = {
  /** Name or UUID of a VM; a name that fits two VMs is refused, with both listed. */
  vm: text,
  /** Names or UUIDs of the VMs that a system is made of, or that a lab file names. */
  vms: texts,
  /** URI of a libvirt; beside `vm`, it tells apart two VMs of one name. */
  connection: text,
  /** Name or id of a system of VMs. */
  system: text,
  /** Path of a lab file; one that is relative begins in the folder of the workspace. */
  file: text,
  /** Name of a snapshot, or a title that only one snapshot of the VM has. */
  snapshot: text,
  /** The other snapshot of a comparison. */
  other: text,
  /** What is kept; `auto`: the best for what the VM does. */
  kind: v.picklist(['memory', 'disk', 'offline', 'auto']),
  /** In the images, or in files over them. */
  style: v.picklist(['internal', 'external']),
  /** The guest agent freezes the file systems first. */
  quiesce: flag,
  /** External, with memory: the guest runs on while its RAM is written. */
  live: flag,
  /** Disks that stay out, as the guest names them: `["vdb"]`. */
  without: texts,
  /** Any title; a safe name is made of it. */
  title: text,
  /** May be empty. */
  description: anyText,
  /** The state of the VM after a revert. */
  after: v.picklist(['asSnapshot', 'asBefore', 'running', 'paused', 'off']),
  /** Whether a revert keeps the present as a snapshot first. */
  checkpointFirst: flag,
  /** `false`: nothing is asked; not in a workspace that you do not trust. */
  confirm: flag,
  /** A command that changes a VM. */
  operation: v.picklist([
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
  ]),
  /** The one disk that is consolidated, as the guest names it. */
  disk: text,
  /** A snapshot, which stays; where no snapshot owns the layers, the file that takes the rest. */
  downTo: text,
  /** MiB a second at most; `0`: as fast as it goes. */
  speed: amount,
  /** In hours. */
  olderThan: amount,
  /** How many of the newest stay. */
  keepLast: whole,
  /** Just these, by name or title. */
  snapshots: texts,
  /** Of a VM that is made; several of a name get a number. */
  name: text,
  /** Overlays on the files of the VM, or copies. */
  way: v.picklist(['linked', 'full']),
  /** That of the VM, or all cables out. */
  network: v.picklist(['same', 'unplugged']),
  /** It goes by itself when it was on and is off. */
  disposable: flag,
  /** How many forks. */
  count: forks,
  /** A snapshot that is known to be good; the search begins after it. */
  good: text,
  /** A snapshot that is known to be bad; the search ends before it. */
  bad: text,
  /** Snapshots that are not tried. */
  skip: texts,
  /** By whom or where a snapshot is judged. */
  check: v.picklist(['person', 'guest', 'console', 'host']),
  /** What is run for a check, or until it ends with 0; and its arguments. */
  program: texts,
  /** Of a flaky check, at most, each on a new clone; the majority decides. */
  tries: oneTo99,
  /** Clones at once. */
  jobs: oneTo64,
  /** With `host`: clones are not started. */
  off: flag,
  /** Names or UUIDs of the VMs of the system that must be up before; `[]`: it starts at once. */
  startsAfter: texts,
  /** What makes a VM count as up; `nothing`: that it runs. */
  upWhen: v.picklist(['nothing', 'agent', 'port', 'program', 'time']),
  /** A TCP port that answers when the VM is up. */
  port: tcpPort,
  /** Where the port is; at the address of the VM unless given. */
  host: text,
  /** How long that is waited for, at most; 120 unless given. */
  seconds: waitSeconds,
  /** Id of an operation in the log of the VM. */
  entry: text,
  /** Of a file in the guest, or a folder of it: a whole path. */
  guestPath: text,
  /** Who logs in on the guest. */
  user: text,
  /** An empty text shows all. */
  filter: anyText,
};

/** What is given is not asked. */
export type CommandArguments = { readonly [Name in keyof typeof shapes]?: v.InferOutput<(typeof shapes)[Name]> };
export type OperationName = NonNullable<CommandArguments['operation']>;

/**
 * | first argument              | is                                                                       |
 * |-----------------------------|--------------------------------------------------------------------------|
 * | nothing                     | `palette`: all is asked                                                  |
 * | a row, and the selected rows | `rows`                                                                   |
 * | a row, and an object with an `entry` | `rows`: of the VM's log; the page of the history links to it    |
 * | a list with one row         | `rows`: it, and the selected rows if it is one of them: keys in the view |
 * | a list without a row        | `rows`: the selected rows, or `palette` |
 * | the address of a file       | `file`: that of a lab, in the explorer or above an editor               |
 * | any other plain object      | `program`: the caller gets a rejection instead of a message              |
 */
export type Call =
  | { readonly kind: 'palette' }
  | {
      readonly kind: 'rows';
      readonly rows: readonly [Node, ...Node[]];
      /** Id of an operation in the log of the VM. */
      readonly entry?: string;
    }
  | { readonly kind: 'file'; readonly path: string }
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
    return { kind: 'palette' };
  }
  if (Array.isArray(first)) {
    const focused = first.find(isNode);
    const selected = selection();
    const [row, ...others] = focused === undefined ? selected : rowsWith(focused, selected);
    return row === undefined ? { kind: 'palette' } : { kind: 'rows', rows: [row, ...others] };
  }
  if (isNode(first)) {
    const rows = rowsWith(first, Array.isArray(second) ? second.filter(isNode) : []);
    const entry = isPlainObject(second) && 'entry' in second ? parseArguments(second).entry : undefined;
    return { kind: 'rows', rows, ...(entry !== undefined && { entry }) };
  }
  if (isFile(first)) {
    return { kind: 'file', path: first.fsPath };
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
    if (!v.is(shapes[key], value)) {
      throw new CommandError('invalid', t('Invalid value for the argument {0}.', key));
    }
    result[key] = value;
  }
  return result;
}

/** One that is no file is told so by what reads it. */
function isFile(value: unknown): value is { readonly fsPath: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'scheme' in value &&
    'fsPath' in value &&
    typeof value.fsPath === 'string'
  );
}

function isArgument(key: string): key is keyof CommandArguments {
  return Object.hasOwn(shapes, key);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a program gave; nothing for a call from a menu or the palette. */
export function argumentsOf(call: Call): CommandArguments {
  return call.kind === 'program' ? call.given : {};
}

/** The operation of the VM's log that is meant, where one is. */
export function entryOf(call: Call): string | undefined {
  return call.kind === 'rows' ? call.entry : argumentsOf(call).entry;
}

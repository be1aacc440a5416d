// The history as a Markdown page: when, which VM, what, by whom, how it ended, and the command that does the same. It is read
// from a file that anybody may have written to, so that nothing of it is believed to have a shape. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { OperationRequest } from '../domain/operation.js';
import { displayLine } from '../domain/plainText.js';
import { codeText, markdownText } from './markdown.js';
import { operationWords } from './operationText.js';
import { durationText } from './relativeAge.js';

/** More than a person reads; the file has all. */
const mostEntries = 300;
const longestWords = 300;
/** One that is cut would do something else. */
const longestCommand = 10_000;
/** Finds the command in the editor's list of commands: by its English name, which counts in each language, and has changed. */
const showSource = 'Markdown source';

interface Entry {
  readonly at: number;
  readonly user: string;
  /** The editor or command line. */
  readonly shell?: string;
  readonly vm: { readonly name: string; readonly uuid: string };
  readonly request: Readonly<Record<string, unknown>>;
  readonly outcome: string;
  readonly durationMs?: number;
  readonly failure?: string;
  readonly command?: string;
  /** Its id in the log of operations. */
  readonly entry?: string;
}

/**
 * @param lines JSON, oldest first; what is none is left out
 * @param undoable of the VM with this UUID the last revert can be undone
 * @param titleOf what people call a snapshot of a VM
 * @param undoing what undoes an entry of the log of a VM, or why nothing does, in words
 */
export function historyText(
  lines: readonly string[],
  undoable: (uuid: string) => boolean,
  titleOf: (uuid: string, snapshot: string) => string,
  path: string,
  undoing: (uuid: string, entry: string) => string | undefined = () => undefined,
): string {
  const entries = historyEntries(lines);
  const lastReverts = new Map(
    entries
      .filter(({ request, outcome }) => request['kind'] === 'revert' && outcome === 'done')
      .toReversed()
      .map((entry) => [entry.vm.uuid, entry]),
  );
  const shown = entries.slice(0, mostEntries);
  const days = new Map<string, Entry[]>();
  for (const entry of shown) {
    const day = dayOf(entry.at);
    days.set(day, [...(days.get(day) ?? []), entry]);
  }
  const canUndo = (entry: Entry): boolean => lastReverts.get(entry.vm.uuid) === entry && undoable(entry.vm.uuid);
  return [
    `# ${line(t('History'))}`,
    line(t('What was done to VMs from here, the newest first.')),
    ...[...days].flatMap(([day, ofDay]) => [
      `## ${line(day)}`,
      ofDay.map((entry) => entryText(entry, canUndo(entry), titleOf, undoing)).join('\n'),
    ]),
    ...(shown.some(({ command }) => command !== undefined)
      ? [
          line(
            t(
              'The commands can be copied in the source of this page. The button at its top right opens it, or the list of commands: type “{0}”.',
              showSource,
            ),
          ),
        ]
      : []),
    line(
      entries.length > shown.length
        ? t('{0} older entries are in the file {1}.', entries.length - shown.length, path)
        : t('The file: {0}', path),
    ),
  ].join('\n\n');
}

/** Of the newest entries, as many as a page shows: those of each VM that are in its log, by its UUID. */
export function loggedInHistory(lines: readonly string[]): ReadonlySet<string> {
  const shown = historyEntries(lines).slice(0, mostEntries);
  return new Set(shown.flatMap(({ vm, entry }) => (entry === undefined ? [] : [vm.uuid])));
}

/** The newest first; what is none is left out. */
export function historyEntries(lines: readonly string[]): readonly Entry[] {
  return lines.flatMap((line) => parseEntry(line) ?? []).toReversed();
}

function entryText(
  entry: Entry,
  canUndo: boolean,
  titleOf: (uuid: string, snapshot: string) => string,
  undoing: (uuid: string, entry: string) => string | undefined,
): string {
  const { at, user, shell, vm, durationMs, failure, command } = entry;
  const time = new Date(at).toTimeString().slice(0, 5);
  const undo = entry.entry === undefined ? undefined : undoing(vm.uuid, entry.entry);
  const how =
    durationMs === undefined
      ? outcomeWord(entry.outcome)
      : t('{0} in {1}', outcomeWord(entry.outcome), durationText(durationMs));
  const facts = [
    words(entry, titleOf),
    failure === undefined ? how : t('{0}: {1}', how, failure),
    shell === undefined ? t('by {0}', user) : t('by {0} in {1}', user, shell),
    ...(canUndo ? [t('Undo Revert brings back what was before')] : []),
    ...(entry.entry === undefined ? [] : [t('entry {0}', entry.entry)]),
  ];
  return [
    `- **${line(`${time} ${vm.name}`)}**: ${facts.map((fact) => line(fact)).join(' · ')}`,
    ...(undo === undefined ? [] : [`  \n  ${line(undo)}`]),
    ...(command === undefined ? [] : [`  \n  ${codeText(displayLine(command, longestCommand))}`]),
  ].join('');
}

function outcomeWord(outcome: string): string {
  switch (outcome) {
    case 'done':
      return t('done');
    case 'failed':
      return t('failed');
    case 'recovered':
      return t('interrupted, finished later');
    case 'undone':
      return t('interrupted, undone later');
    case 'explained':
      return t('interrupted, left to a person');
    default:
      return outcome;
  }
}

/** A request that was shortened for want of room has its kind alone. */
function words({ request, vm }: Entry, titleOf: (uuid: string, snapshot: string) => string): string {
  const { kind = request['type'], snapshot, title, snapshots, scope = 'one', action } = request;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const known: Partial<Record<string, () => string>> = {
    create: () => operationWords({ kind: 'create' } as OperationRequest, text(title)),
    describe: () => operationWords({ kind: 'describe' } as OperationRequest, text(title)),
    rename: () => operationWords({ kind: 'rename' } as OperationRequest, text(title)),
    revert: () => operationWords({ kind: 'revert' } as OperationRequest, titleOf(vm.uuid, text(snapshot))),
    delete: () =>
      scope === 'one' || scope === 'withDescendants' || scope === 'descendants'
        ? operationWords({ kind: 'delete', scope } as OperationRequest, titleOf(vm.uuid, text(snapshot)))
        : text(kind),
    power: () =>
      ['start', 'shutDown', 'forceOff', 'pause', 'resume', 'restart'].includes(text(action))
        ? operationWords({ kind: 'power', action } as OperationRequest, '')
        : text(kind),
    prune: () =>
      operationWords(
        { kind: 'prune', snapshots: Array.isArray(snapshots) ? snapshots : [] } as unknown as OperationRequest,
        '',
      ),
    clone: () =>
      isRecord(request['clone'])
        ? operationWords({ kind: 'clone', clone: request['clone'] } as unknown as OperationRequest, '')
        : text(kind),
    discard: () => operationWords({ kind: 'discard' } as OperationRequest, ''),
    consolidate: () => operationWords({ kind: 'consolidate' } as OperationRequest, ''),
    repair: () => operationWords({ kind: 'repair' } as OperationRequest, ''),
    agent: () => agentWords(request, (snapshot) => titleOf(vm.uuid, snapshot)),
  };
  return (Object.hasOwn(known, text(kind)) ? known[text(kind)] : undefined)?.() ?? text(kind);
}

/** What an agent asked for by a tool, and the snapshot that leads back to before it. */
function agentWords(
  { agent, tool, step, what, before }: Entry['request'],
  titleOf?: (snapshot: string) => string,
): string {
  const text = (value: unknown): string =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const asked = t('step {0} of {1}: {2}', text(step), text(agent), `${text(tool)} ${text(what)}`.trim());
  return titleOf === undefined || text(before) === ''
    ? asked
    : `${asked} (${t('before it: {0}', titleOf(text(before)))})`;
}

/** Of an entry of an agent: what it did, and how that ended. Plain text. */
export function agentStepText({ request, outcome, failure }: Entry): { readonly did: string; readonly ended: string } {
  const how = outcomeWord(outcome);
  return {
    did: displayLine(agentWords(request), longestWords),
    ended: displayLine(failure === undefined ? how : t('{0}: {1}', how, failure), longestWords),
  };
}

function parseEntry(json: string): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // A line that a full disk cut.
    return undefined;
  }
  if (!isRecord(value)) {
    return undefined;
  }
  const { at, user, shell, vm, request, outcome, durationMs, failure, command, entry } = value;
  const time = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(time) || !isRecord(vm) || !isRecord(request) || typeof outcome !== 'string') {
    return undefined;
  }
  const { name, uuid } = vm;
  if (typeof name !== 'string' || typeof uuid !== 'string') {
    return undefined;
  }
  return {
    at: time,
    user: typeof user === 'string' ? user : '?',
    ...(typeof shell === 'string' && { shell }),
    vm: { name, uuid },
    request,
    outcome,
    ...(typeof durationMs === 'number' && { durationMs }),
    ...(typeof failure === 'string' && { failure }),
    ...(typeof command === 'string' && { command }),
    ...(typeof entry === 'string' && /^[0-9a-f]{8}$/u.test(entry) && { entry }),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Local time, sortable. */
function dayOf(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** One line, in which nothing is markup. */
function line(text: string): string {
  return markdownText(displayLine(text, longestWords));
}

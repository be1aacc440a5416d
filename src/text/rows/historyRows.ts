// The history as rows: when, which VM, what, by whom, how it ended, and the command that does the same. It is read from
// a file that anybody may have written to, so that nothing of it is believed to have a shape. Knows no page.
import { t } from '@vscode/l10n';
import { clockText, dateText, fullTime } from '../../domain/clockText.js';
import { type DiskChange, type OperationRequest, powerActions } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import { markWords, type MarkWithoutVm } from '../operations/loggedText.js';
import { describeLoggedFailure } from '../failures/loggedFailure.js';
import { diskWords } from '../operations/diskText.js';
import { operationWords } from '../operations/operationText.js';
import { durationText } from '../relativeAge.js';

/** More than a person reads; the file has all. */
const mostEntries = 300;
const longestWords = 300;

export interface HistoryEntry {
  readonly at: number;
  readonly user: string;
  /** The editor or command line. */
  readonly shell?: string;
  readonly vm: { readonly name: string; readonly uuid: string };
  readonly connection?: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly outcome: string;
  readonly durationMs?: number;
  readonly failure?: string;
  readonly command?: string;
  /** Its id in the log of operations. */
  readonly entry?: string;
}

export interface HistoryRow {
  readonly entry: HistoryEntry;
  /** Local, as `09:41`. */
  readonly time: string;
  /** What was asked for, how it ended, by whom. */
  readonly facts: readonly string[];
}

interface HistoryDays {
  /** The newest first, as `2026-11-20`. */
  readonly days: ReadonlyMap<string, readonly HistoryRow[]>;
  /** How many are not among them. */
  readonly older: number;
}

/**
 * @param lines JSON, oldest first; what is none is left out
 * @param titleOf what people call a snapshot of a VM
 */
export function historyDays(
  lines: readonly string[],
  titleOf: (uuid: string, snapshot: string) => string,
): HistoryDays {
  const entries = historyEntries(lines);
  const shown = entries.slice(0, mostEntries);
  const days = new Map<string, HistoryRow[]>();
  for (const entry of shown) {
    const day = dateText(entry.at);
    days.set(day, [...(days.get(day) ?? []), rowOf(entry, titleOf)]);
  }
  return { days, older: entries.length - shown.length };
}

function rowOf(entry: HistoryEntry, titleOf: (uuid: string, snapshot: string) => string): HistoryRow {
  const { at, user, shell, durationMs, failure } = entry;
  const how =
    durationMs === undefined
      ? outcomeWord(entry.outcome)
      : t('{0} in {1}', outcomeWord(entry.outcome), durationText(durationMs));
  return {
    entry,
    time: clockText(at),
    facts: [
      words(entry, titleOf),
      withReason(how, failure),
      shell === undefined ? t('by {0}', user) : t('by {0} in {1}', user, shell),
    ],
  };
}

/** One of several operations that were one to the user. @param system its name of then */
export function withSystem<T extends Pick<HistoryRow, 'facts'>>(row: T, system: string | undefined): T {
  return system === undefined ? row : { ...row, facts: [...row.facts, t('with the system {0}', displayLine(system))] };
}

function withReason(how: string, failure: string | undefined): string {
  const why = describeLoggedFailure(failure ?? '');
  return why === '' ? how : t('{0}: {1}', how, why);
}

export function olderText(older: number, path: string): string {
  if (older === 1) {
    return t('1 older entry is in the file {0}.', path);
  }
  return older > 0 ? t('{0} older entries are in the file {1}.', older, path) : t('File: {0}', path);
}

/** The newest first; what is none is left out. */
export function historyEntries(lines: readonly string[]): readonly HistoryEntry[] {
  return lines.flatMap((line) => parseEntry(line) ?? []).toReversed();
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
    case 'refused':
      return t('refused');
    case 'explained':
      return t('interrupted, needs manual resolution');
    default:
      return outcome;
  }
}

/** A request that was shortened for want of room has its kind alone. */
function words({ request, vm }: HistoryEntry, titleOf: (uuid: string, snapshot: string) => string): string {
  const { kind = request['type'], snapshot, title, snapshots, scope = 'one', action } = request;
  const mark = markIn(request);
  if (mark !== undefined) {
    return markWords(mark, (name) => titleOf(vm.uuid, name));
  }
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
      powerActions.some((one) => one === text(action))
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
    disk: () =>
      isDiskChange(request['change'])
        ? operationWords({ kind: 'disk', change: request['change'] } as OperationRequest, '')
        : text(kind),
    discard: () => operationWords({ kind: 'discard' } as OperationRequest, ''),
    consolidate: () => operationWords({ kind: 'consolidate' } as OperationRequest, ''),
    speed: () => operationWords({ kind: 'speed' } as OperationRequest, ''),
    debug: () => operationWords({ kind: 'debug' } as OperationRequest, ''),
    repair: () => operationWords({ kind: 'repair' } as OperationRequest, ''),
    restore: () => t('restoring its backup of {0}', momentText(request['madeAt'])),
    backup: () => t('backing it up to {0} as {1}', text(request['to']), text(request['id'])),
    move: () => t('moving it here from {0}', text(request['from'])),
    connect: () => t('connecting to {0} ({1})', text(request['to']), String(Number(request['count']) || 1)),
    agent: () => agentWords(request, (snapshot) => titleOf(vm.uuid, snapshot)),
  };
  return (Object.hasOwn(known, text(kind)) ? known[text(kind)] : undefined)?.() ?? text(kind);
}

function isDiskChange(change: unknown): change is DiskChange {
  return (
    isRecord(change) &&
    Object.hasOwn(diskWords, String(change['do'])) &&
    typeof (change['target'] ?? '') === 'string' &&
    (change['do'] === 'remove' || typeof change['bytes'] === 'number')
  );
}

function momentText(at: unknown): string {
  return isTime(at) ? fullTime(at) : '?';
}

function isTime(at: unknown): at is number {
  return typeof at === 'number' && !Number.isNaN(new Date(at).getTime());
}

/** The mark of a request that was not shortened. */
function markIn({ kind, snapshot, snapshots, kept, put, until }: HistoryEntry['request']): MarkWithoutVm | undefined {
  const names = Array.isArray(snapshots) ? snapshots.filter((name) => typeof name === 'string') : [];
  switch (kind) {
    case 'keep':
      return names.length > 0 && (kept === 'kept' || kept === 'free')
        ? { kind, snapshots: names, kept, ...(isTime(until) && { until }) }
        : undefined;
    case 'trash':
      return names.length > 0 && (put === 'in' || put === 'out') ? { kind, snapshots: names, put } : undefined;
    case 'favourite':
      return { kind, ...(typeof snapshot === 'string' && { snapshot }) };
    default:
      return undefined;
  }
}

/** What an agent asked for by a tool, and the snapshot that leads back to before it. */
function agentWords(
  { agent, tool, step, what, before }: HistoryEntry['request'],
  titleOf?: (snapshot: string) => string,
): string {
  const text = (value: unknown): string =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const asked = t('step {0} of {1}: {2}', text(step), text(agent), `${text(tool)} ${text(what)}`.trim());
  return titleOf === undefined || text(before) === '' ? asked : `${asked} (${t('before: {0}', titleOf(text(before)))})`;
}

/** Says what an agent did in an entry, and how that ended. Plain text. */
export function agentStepText({ request, outcome, failure }: HistoryEntry): {
  readonly did: string;
  readonly ended: string;
} {
  return {
    did: displayLine(agentWords(request), longestWords),
    ended: displayLine(withReason(outcomeWord(outcome), failure), longestWords),
  };
}

function parseEntry(json: string): HistoryEntry | undefined {
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
  const { at, user, shell, vm, request, outcome, durationMs, failure, command, entry, connection } = value;
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
    ...(typeof connection === 'string' && { connection }),
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

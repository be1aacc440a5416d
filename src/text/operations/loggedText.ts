// An operation of the log in a few words: what was done then, and what undoing it does now.
import { t } from '@vscode/l10n';
import type { LoggedOperation, MarkRequest } from '../../domain/loggedOperation.js';
import { fullTime } from '../../domain/clockText.js';
import { displayLine } from '../../domain/plainText.js';
import type { RefusedDecision } from '../../domain/refusal.js';
import type { VmView } from '../../live/views.js';
import type { UndoWay } from '../../operations/undo/undoRules.js';
import { titleIn, titleOf } from './operationProgress.js';
import { operationWords } from './operationText.js';
import { refusalText } from '../refusals/refusalText.js';
import { agoText } from '../relativeAge.js';

/**
 * As `reverting to Clean install`.
 * @param view as it is now, for the titles of what the operation did not change
 */
export function loggedWords({ request, changes }: LoggedOperation, view: Pick<VmView, 'tree'> = {}): string {
  const title = (name: string): string => titleThen(changes, name, view);
  switch (request.kind) {
    case 'keep':
    case 'trash':
    case 'favourite':
      return markWords(request, title);
    case 'create':
    case 'describe':
    case 'rename':
      return operationWords(request, displayLine(request.title));
    case 'revert':
    case 'delete':
      return operationWords(request, title(request.snapshot));
    case 'clone':
    case 'consolidate':
    case 'discard':
    case 'disk':
    case 'power':
    case 'prune':
    case 'repair':
    case 'speed':
    case 'debug':
      return operationWords(request, '');
  }
}

/** What undoes an entry, or does it again, is called; of a revert in words of its own. */
export function undoLabel(
  does: 'undo' | 'redo',
  { request, changes }: LoggedOperation,
  words: string,
  view: Pick<VmView, 'tree'> = {},
): string {
  if (request.kind === 'revert') {
    const title = titleThen(changes, request.snapshot, view);
    return does === 'undo' ? t('Undo the revert to “{0}”', title) : t('Redo the revert to “{0}”', title);
  }
  return does === 'undo' ? t('Undo: {0}', words) : t('Redo: {0}', words);
}

/**
 * What can be undone, as one line, and what that does.
 * @param root the operation that it is about in the end
 */
export function undoLine(
  { does, way }: { readonly does: 'undo' | 'redo'; readonly way: UndoWay | RefusedDecision },
  root: LoggedOperation,
  view: Pick<VmView, 'tree'>,
): string {
  const label = undoLabel(does, root, loggedWords(root, view), view);
  return root.request.kind === 'revert' && way.kind !== 'refusal' ? label : `${label} → ${wayText(view, way)}`;
}

/** The title of the snapshot that a revert went to. */
export function revertedTo({ request, changes }: LoggedOperation, view: Pick<VmView, 'tree'>): string | undefined {
  return request.kind === 'revert' ? titleThen(changes, request.snapshot, view) : undefined;
}

/** What was undone, or done again. @param vm its name; absent where that is told beside it */
export function undoneText(
  does: 'undo' | 'redo',
  entry: LoggedOperation,
  view: Pick<VmView, 'tree' | 'vm'> | undefined,
  vm?: string,
): string {
  const { request, changes } = entry;
  if (request.kind === 'revert' && view !== undefined) {
    return undoneRevertText(view, titleThen(changes, request.snapshot, view), does);
  }
  const words = loggedWords(entry, view);
  if (vm === undefined) {
    return does === 'undo' ? t('Undid {0}', words) : t('Redid {0}', words);
  }
  const name = displayLine(vm);
  return does === 'undo' ? t('Undid {0} on {1}', words, name) : t('Redid {0} on {1}', words, name);
}

/** @param title of what the revert went to, fit to be shown */
export function undoneRevertText({ vm }: Pick<VmView, 'vm'>, title: string, does: 'undo' | 'redo' = 'undo'): string {
  const names = [displayLine(vm.name), title] as const;
  return does === 'undo'
    ? t('Undid the revert of {0} to “{1}”', ...names)
    : t('Redid the revert of {0} to “{1}”', ...names);
}

/** While it is done. */
export function undoingRevertText({ vm }: Pick<VmView, 'vm'>, title: string, does: 'undo' | 'redo' = 'undo'): string {
  const names = [displayLine(vm.name), title] as const;
  return does === 'undo'
    ? t('Undoing the revert of {0} to “{1}”', ...names)
    : t('Redoing the revert of {0} to “{1}”', ...names);
}

function titleThen(changes: LoggedOperation['changes'], name: string, view: Pick<VmView, 'tree'>): string {
  const change = changes.find(({ before, after }) => (before ?? after)?.name === name);
  return displayLine((change?.before ?? change?.after)?.title ?? titleOf(view, name));
}

/** A mark as far as words tell of it. */
export type MarkWithoutVm<T = MarkRequest> = T extends MarkRequest
  ? Omit<T, 'vm' | 'until' | 'instead'> & { readonly until?: number }
  : never;

/** @param title of a snapshot, by its name */
export function markWords(request: MarkWithoutVm, title: (name: string) => string): string {
  switch (request.kind) {
    case 'keep': {
      const names = request.snapshots.map(title).join(', ');
      const { kept, until } = request;
      return kept === 'kept' && until !== undefined
        ? t('keeping {0} until {1}', names, fullTime(until))
        : kept === 'kept'
          ? t('marking {0} as kept', names)
          : t('allowing pruning of {0}', names);
    }
    case 'trash': {
      const names = request.snapshots.map(title).join(', ');
      return request.put === 'in' ? t('moving {0} to the trash', names) : t('restoring {0} from the trash', names);
    }
    case 'favourite':
      return request.snapshot === undefined
        ? t('removing the favourite')
        : t('making {0} the favourite', title(request.snapshot));
  }
}

/** With its id and its age. */
export function loggedLine(entry: LoggedOperation, now: number, words: string): string {
  return `${entry.id} ${words} (${agoText(entry.at, now)})`;
}

/** What undoing does, as a sentence without its end. */
export function undoingWords({ kind, request }: UndoWay, view: Pick<VmView, 'tree'>): string {
  return kind === 'mark'
    ? markWords(request, (name) => displayLine(titleOf(view, name)))
    : operationWords(request, displayLine(titleIn(view, request)));
}

/** What undoing it does, or why nothing does. */
export function wayText(view: Pick<VmView, 'tree'>, way: UndoWay | RefusedDecision): string {
  return way.kind === 'refusal' ? Object.values(refusalText(way.refusal)).join(' ').trim() : undoingWords(way, view);
}

export function nothingInLogText(vm: string, does: 'undo' | 'redo'): string {
  return does === 'undo'
    ? t('No operation on {0} from here can be undone.', displayLine(vm))
    : t('{0} has no undone operation to redo.', displayLine(vm));
}

// What an undo, or a redo, calls itself: its progress and its end name the operation that it undoes, and the end offers
// the opposite.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmRef } from '../../../domain/vm.js';
import { type UndoableOperation, UndoLook } from '../../../engine/undoLook.js';
import type { VmView } from '../../../live/views.js';
import { requestWords, titleOf } from '../../../text/operations/operationProgress.js';
import { loggedWords, undoneRevertText, undoneText } from '../../../text/operations/loggedText.js';
import { notify } from '../../prompts/notify.js';
import type { CommandRun } from '../commandServices.js';
import { showFailure } from '../runCommand.js';

export interface Undoing extends Pick<UndoableOperation, 'does'> {
  /** Id in the log of what it undoes; absent: it was done before there was a log. */
  readonly entry?: string;
  /** What a person calls the operation that is undone, or done again: `web: reverting to Clean install`. */
  readonly words: string;
  /** What it is called when it is done. */
  readonly done: string;
}

export function undoingOf(look: UndoLook, view: VmView, { entry, does }: UndoableOperation): Undoing {
  const root = look.root(entry);
  const words = `${displayLine(view.vm.name)}: ${loggedWords(root, view)}`;
  return { entry: entry.id, does, words, done: undoneText(does, root, view, view.vm.name) };
}

/** Of the revert of a VM, whether there is a log of it or not. */
export function undoingOfRevert(view: VmView, snapshot: string, entry: string | undefined): Undoing {
  const request = { kind: 'revert', vm: view.ref, snapshot, after: 'asSnapshot' } as const;
  const words = requestWords({ findVm: () => view }, request);
  const done = undoneRevertText(view, displayLine(titleOf(view, snapshot)));
  return { does: 'undo', words, done, ...(entry !== undefined && { entry }) };
}

export function undoingTitle({ does, words }: Undoing): string {
  return does === 'undo' ? t('Undoing: {0}', words) : t('Redoing: {0}', words);
}

/**
 * With a button for the opposite, where the log has what was done and something undoes that.
 * @param notes sentences to mind
 */
export async function tellUndone(
  run: CommandRun,
  ref: VmRef,
  { entry, does, words, done: told }: Undoing,
  notes: readonly string[] = [],
): Promise<void> {
  // It is done, whether its VM can be asked now or not.
  const look = await (entry === undefined ? undefined : UndoLook.at(run.engine, ref))?.catch((error: unknown) => {
    run.log.info(`the opposite of ${words} is not offered: ${asFailure(error).line}`);
    return undefined;
  });
  const done = look?.log.findLast(({ undoes }) => undoes === entry);
  const isUndoable = done !== undefined && look?.of(done).way.kind !== 'refusal';
  const command = does === 'undo' ? 'virtRewind.redo' : 'virtRewind.undo';
  const button = does === 'undo' ? t('Redo') : t('Undo');
  void notify('info', [told, ...notes].join('. '), ...(isUndoable ? [button] : []))
    .then((pressed) =>
      pressed === button
        ? vscode.commands.executeCommand(command, { vm: ref.uuid, connection: ref.connection, entry: done?.id })
        : undefined,
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, command, reason));
}

// What an undo, or a redo, calls itself: its progress and its end name the operation that it undoes, and the end offers
// the opposite.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmRef } from '../../../domain/vm.js';
import { type UndoableOperation, UndoLook } from '../../../engine/undoLook.js';
import type { VmView } from '../../../live/views.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import {
  loggedWords,
  revertedTo,
  undoingRevertText,
  undoneRevertText,
  undoneText,
} from '../../../text/operations/loggedText.js';
import { notify } from '../../prompts/notify.js';
import type { CommandRun } from '../commandServices.js';
import { showFailure } from '../runCommand.js';

export interface Undoing extends Pick<UndoableOperation, 'does'> {
  /** Id in the log of what it undoes; absent: it was done before there was a log. */
  readonly entry?: string;
  /** What it is called while it is done. */
  readonly doing: string;
  /** What it is called when it is done. */
  readonly done: string;
}

export function undoingOf(look: UndoLook, view: VmView, { entry, does }: UndoableOperation): Undoing {
  const root = look.root(entry);
  const title = revertedTo(root, view);
  const words = `${displayLine(view.vm.name)}: ${loggedWords(root, view)}`;
  const doing =
    title !== undefined
      ? undoingRevertText(view, title, does)
      : does === 'undo'
        ? t('Undoing: {0}', words)
        : t('Redoing: {0}', words);
  return { entry: entry.id, does, doing, done: undoneText(does, root, view, view.vm.name) };
}

/** The undo of the revert of a VM, with or without a log entry. */
export function undoingOfRevert(view: VmView, snapshot: string, entry: string | undefined): Undoing {
  const title = displayLine(titleOf(view, snapshot));
  return {
    does: 'undo',
    doing: undoingRevertText(view, title),
    done: undoneRevertText(view, title),
    ...(entry !== undefined && { entry }),
  };
}

/**
 * With a button for the opposite, where the log has what was done and something undoes that.
 * @param notes sentences to mind
 */
export async function tellUndone(
  run: CommandRun,
  ref: VmRef,
  { entry, does, doing, done: told }: Undoing,
  notes: readonly string[] = [],
): Promise<void> {
  // It is done, whether its VM can be asked now or not.
  const look = await (entry === undefined ? undefined : UndoLook.at(run.engine, ref))?.catch((error: unknown) => {
    run.log.info(`the opposite of “${doing}” is not offered: ${asFailure(error).line}`);
    return undefined;
  });
  const done = look?.log.findLast(({ undoes }) => undoes === entry);
  const isUndoable = done !== undefined && look?.of(done).way.kind !== 'refusal';
  const command = does === 'undo' ? 'virtRewind.redo' : 'virtRewind.undo';
  const button = does === 'undo' ? t('Redo') : t('Undo');
  void notify('info', [`${told}.`, ...notes].join(' '), ...(isUndoable ? [button] : []))
    .then((pressed) =>
      pressed === button
        ? vscode.commands.executeCommand(command, { vm: ref.uuid, connection: ref.connection, entry: done?.id })
        : undefined,
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, command, reason));
}

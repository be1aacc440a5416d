// The one wrapper around every command: reads what it was called with, and turns a failure into at most one message.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { asFailure, withDetails } from '../../domain/asFailure.js';
import type { AnyCommandId } from '../../verbs/verbs.js';
import { Failure } from '../../domain/failure.js';
import type { FailureText } from '../../text/failures/failureSentences.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { failureText, isSilent } from '../../text/failures/failureText.js';
import { noticeText } from '../../text/noticeText.js';
import { parseCall } from './commandArguments.js';
import { CommandError, DismissedError, NothingThere } from '../prompts/commandError.js';
import type { CommandServices, Handler } from './commandServices.js';
import { failureInLog } from './failureInLog.js';
import { refuseUnreachable } from './unreachableConnection.js';
import { keptFailures } from '../keptFailures.js';
import { notify } from '../prompts/notify.js';
import { isNode } from '../tree/nodes.js';
import type { RunningOperations } from './operations/runningOperations.js';
import { treeViewId } from '../../manifest/viewIds.js';

// A key that is pressed while the rows are drawn anew: until all of them are there again, the editor tells neither
// which row has the focus nor which are selected under what it draws. Asked a moment later, it tells; a row that is
// only selected may be of another VM.

/** Drawing takes the editor a round for each level that is open. */
const betweenMs = 100;
const mostTimes = 10;

/**
 * A keybinding's list, without the row that the editor was to put in it. One that asks for no row has its arguments
 * alone.
 */
function isRowMissing(first: unknown): first is readonly unknown[] {
  return Array.isArray(first) && !first.some(isNode) && !(first.length === 1 && first.every(isArguments));
}

function isArguments(one: unknown): boolean {
  return typeof one === 'object' && one !== null && !('$treeViewId' in one);
}

/** Lets the editor put the row in once more, a moment later. False: often enough; nothing was called. */
async function callAgain(id: AnyCommandId, first: readonly unknown[]): Promise<boolean> {
  const times = first.find((one) => typeof one === 'number') ?? 0;
  if (times >= mostTimes) {
    return false;
  }
  await new Promise((resolve) => setTimeout(resolve, betweenMs));
  const focused = { $treeViewId: treeViewId, $focusedTreeItem: true };
  // Not straight: only what comes by way of the editor's own commands has the row put in.
  const args = [focused, ...first.filter(isArguments), times + 1];
  await vscode.commands.executeCommand('runCommands', { commands: [{ command: id, args }] });
  return true;
}

/** Where the row with the focus, which the editor hands in to all that stands above the view, is not meant. */
const withoutRow: ReadonlySet<AnyCommandId> = new Set<AnyCommandId>(['virtRewind.undoLast']);

/**
 * | called with        | done          | question left | failed                                          |
 * |--------------------|---------------|---------------|-------------------------------------------------|
 * | nothing, rows      | what it did   | undefined     | one message, then undefined                     |
 * | an argument object | what it did   | undefined     | rejects with a CommandError, shows nothing       |
 *
 * The editor itself shows the message of a command that rejects when a menu or a keybinding started it. So a command
 * that shows its own message must not reject, and one that rejects must not show.
 */
export function runCommand(
  { id, title }: { readonly id: AnyCommandId; readonly title: string },
  handler: Handler,
  services: CommandServices,
  running: RunningOperations,
): (first: unknown, second: unknown) => Promise<unknown> {
  return async (given, second) => {
    const first = withoutRow.has(id) ? undefined : given;
    const seen = new Map<string, string>();
    let byProgram = first !== undefined && first !== null;
    try {
      const { tree } = services;
      const isUnsure = isRowMissing(first) && tree.isBeingDrawn;
      if (isUnsure && (await callAgain(id, first))) {
        return undefined;
      }
      const others = Array.isArray(second) ? second.filter((row) => !isNode(row) || tree.focus.isThere(row)) : second;
      const call = parseCall(first, others, () => (isUnsure ? [] : tree.focus.selection));
      byProgram = call.kind === 'program';
      refuseUnreachable(services.engine, id, call);
      return await handler({ ...services, call, running, seen, title });
    } catch (reason) {
      const error = nameVm(reason, seen);
      if (error instanceof DismissedError) {
        services.log.debug(`${id}: left by the user`);
        return undefined;
      }
      const { level, line } = failureInLog(id, error);
      services.log[level](line);
      if (byProgram) {
        throw toCommandError(error);
      }
      showFailure(services.log, id, error, title);
      return undefined;
    }
  };
}

/** A VM that has gone since the command saw it is told of by its name. */
function nameVm(error: unknown, seen: ReadonlyMap<string, string>): unknown {
  const name = error instanceof Failure ? seen.get(error.details.vm ?? '') : undefined;
  return error instanceof Failure && name !== undefined ? withDetails(error, { vm: name }) : error;
}

/**
 * Shows at most one message and does not wait until it is read. What failed stays in the list of operations.
 * @param title of the command
 */
export function showFailure(log: vscode.LogOutputChannel, id: AnyCommandId, error: unknown, title = ''): void {
  const { message, severity, buttons } = wording(error);
  if (severity === 'silent') {
    return;
  }
  const showLog = t('Show Log');
  // The log knows no more of what is only news.
  const titles = [...buttons.map((button) => button.title), ...(error instanceof NothingThere ? [] : [showLog])];
  const show = (): void =>
    void notify(severity, message, ...titles)
      .then((pressed) => {
        const button = buttons.find((one) => one.title === pressed);
        if (button !== undefined) {
          return vscode.commands.executeCommand(button.command, ...button.arguments);
        }
        if (pressed === showLog) {
          log.show();
        }
        return undefined;
      })
      .then(undefined, (reason: unknown) => showFailure(log, id, reason));
  if (severity !== 'info') {
    const { kind, details } = error instanceof CommandError ? error : asFailure(error);
    const isRefusal = kind === 'refused';
    const away = kind === 'unreachable' || kind === 'lost' ? details.connection : undefined;
    keptFailures.add({ at: Date.now(), command: title, vm: details.vm, away, isRefusal, message, show });
  }
  show();
}

/** The editor shows the message in a notification of its own when a keybinding called the command. */
function toCommandError(error: unknown): CommandError {
  const { kind, details } = error instanceof CommandError ? error : asFailure(error);
  return new CommandError(kind, noticeText(wording(error).message), details, { cause: error });
}

interface ErrorWording extends Pick<FailureText, 'severity' | 'buttons'> {
  readonly message: string;
}

function wording(error: unknown): ErrorWording {
  if (error instanceof Failure) {
    return { ...failureText(error), message: messageOf(error) };
  }
  // Another command, called with arguments, told it so: as one with its buttons.
  if (error instanceof CommandError && error.cause instanceof Failure && error.message === messageOf(error.cause)) {
    return wording(error.cause);
  }
  if (error instanceof CommandError) {
    const severity = error instanceof NothingThere ? 'info' : 'warning';
    const { cause, isOnly } = error;
    const isGuest = isOnly && cause instanceof Failure && cause.details.silentMs !== undefined;
    const buttons = isGuest ? failureText(cause).buttons : [];
    return { message: error.message, severity: isSilent(error) ? 'silent' : severity, buttons };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { message: t('Virt Rewind failed: {0}', message), severity: 'error', buttons: [] };
}

function messageOf(failure: Failure): string {
  return noticeText(failureMessage(failure));
}

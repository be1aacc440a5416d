// The one door to the editor's messages, notifications of progress and status bar: what goes through it holds names
// from a libvirt, so the links and icons that the editor would make of them are taken out here.
import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable.js';
import type { CommandId } from '../../verbs/verbs.js';
import { displayLine } from '../../domain/plainText.js';
import { noticeText, withoutIcons } from '../../text/noticeText.js';
import { whileModalOpen } from '../openQuestions.js';

/** What the status bar could show at all. */
const longestNote = 400;

type Severity = 'info' | 'warning' | 'error';

/** Resolves to the button that was pressed; undefined when the message was closed. */
export function notify(
  severity: Severity,
  message: string,
  ...buttons: readonly string[]
): Thenable<string | undefined> {
  const text = noticeText(message);
  switch (severity) {
    case 'info':
      return vscode.window.showInformationMessage(text, ...buttons);
    case 'warning':
      return vscode.window.showWarningMessage(text, ...buttons);
    case 'error':
      return vscode.window.showErrorMessage(text, ...buttons);
  }
}

/** A modal dialog; the editor adds Cancel by itself. */
export function askModal(
  severity: 'info' | 'warning',
  title: string,
  detail: string,
  ...buttons: readonly string[]
): Thenable<string | undefined> {
  const options = { modal: true, detail: noticeText(detail) };
  return whileModalOpen(
    severity === 'info'
      ? vscode.window.showInformationMessage(noticeText(title), options, ...buttons)
      : vscode.window.showWarningMessage(noticeText(title), options, ...buttons),
  );
}

/** A modal dialog with nothing to decide: its one button, and leaving it, lead back. */
export async function showModal(title: string, detail: string, back: string): Promise<void> {
  const options = { modal: true, detail: noticeText(detail) };
  const answer = vscode.window.showInformationMessage(noticeText(title), options, {
    title: back,
    isCloseAffordance: true,
  });
  await whileModalOpen(answer);
}

/** A notification as long as the task takes. */
export function notifyProgress<T>(
  title: string,
  cancellable: boolean,
  task: (report: (message: string, increment?: number) => void, cancellation: vscode.CancellationToken) => Thenable<T>,
): Thenable<T> {
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, title: noticeText(title), cancellable }, (progress, cancellation) =>
    task((message, increment) => {
      progress.report({ message: noticeText(message), ...(increment !== undefined && { increment }) });
    }, cancellation),
  );
}

/** The line that runs along a view as long as the task takes. */
export function showInView<T>(viewId: string, task: () => Thenable<T>): Thenable<T> {
  return vscode.window.withProgress({ location: { viewId } }, task);
}

/** The same, until it is disposed. */
export function openProgressInView(viewId: string): Disposable {
  let dispose = (): void => undefined;
  const disposed = new Promise<void>((resolve) => {
    dispose = resolve;
  });
  void showInView(viewId, () => disposed);
  return { dispose };
}

/** For a while in the status bar. */
export function noteInStatusBar(text: string): void {
  vscode.window.setStatusBarMessage(withoutIcons(displayLine(text, longestNote)), 8_000);
}

/** An item that stays in the status bar until it is disposed. */
export interface StatusItem extends Disposable {
  readonly text: string;
  /** A click runs the command; a screen reader says the text. */
  say(text: string, tooltip: string, command: CommandId): void;
}

/** @param icon name of a codicon before the text */
export function statusItem(id: string, name: string, icon: string): StatusItem {
  const item = vscode.window.createStatusBarItem(id, vscode.StatusBarAlignment.Left, -100);
  item.name = name;
  return {
    get text() {
      return item.text;
    },
    say: (text, tooltip, command) => {
      item.text = `$(${icon}) ${withoutIcons(displayLine(text, longestNote))}`;
      item.tooltip = noticeText(tooltip);
      item.accessibilityInformation = { label: displayLine(text, longestNote) };
      item.command = command;
      item.show();
    },
    dispose: () => item.dispose(),
  };
}

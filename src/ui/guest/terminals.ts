// The one door to the editor's terminals. Programs get their arguments as a list, never through a shell; names are
// text.
import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable.js';
import { displayLine } from '../../domain/plainText.js';
import { withoutIcons } from '../../text/noticeText.js';

/** What a terminal of ours shows, and what is typed into it. */
interface TerminalContent {
  /** From when it can show anything. */
  attach(write: (text: string) => void): void;
  sendInput(text: string): void;
  detach(): void;
}

export interface OwnTerminal extends Disposable {
  show(): void;
}

/** @param icon name of a codicon */
export function showTerminal(name: string, icon: string, content: TerminalContent): OwnTerminal {
  const written = new vscode.EventEmitter<string>();
  let isClosed = false;
  const close = (): void => {
    if (!isClosed) {
      isClosed = true;
      closing.dispose();
      content.detach();
      written.dispose();
    }
  };
  const terminal: vscode.Terminal = vscode.window.createTerminal({
    name: terminalName(name),
    iconPath: new vscode.ThemeIcon(icon),
    isTransient: true,
    pty: {
      onDidWrite: written.event,
      open: () => content.attach((text) => written.fire(text)),
      close,
      handleInput: (text: string) => content.sendInput(text),
    },
  });
  // One that is closed before it could be opened is told of by this event alone.
  const closing = vscode.window.onDidCloseTerminal((one) => {
    if (one === terminal) {
      close();
    }
  });
  terminal.show();
  return { show: () => terminal.show(), dispose: () => terminal.dispose() };
}

/** A program in a terminal of its own; it stays to be read when the program fails. */
export function runInTerminal(
  name: string,
  icon: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): void {
  vscode.window
    .createTerminal({
      name: terminalName(name),
      iconPath: new vscode.ThemeIcon(icon),
      shellPath: program,
      shellArgs: [...args],
      env,
      isTransient: true,
    })
    .show();
}

/** A band that is read in every theme, on a line of its own. */
export function band(text: string): string {
  return `\r\n\u001B[7m ${displayLine(text, 1_000)} \u001B[0m\r\n`;
}

function terminalName(name: string): string {
  return withoutIcons(displayLine(name, 60));
}

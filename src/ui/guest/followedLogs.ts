// Texts of files that grow, in editors that stay at their end as terminals do, until the reader scrolls away from it.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';

/** The last lines of a text: the very last one is empty, and may be hidden in part. */
const endLines = 2;

export class FollowedLogs implements Disposable {
  readonly #store = new DisposableStore();
  /** By URI. A text that grows moves its end out of sight, too: only who scrolls up has left it. */
  readonly #logs = new Map<string, { atEnd: boolean; top: number }>();
  #isWatching = false;

  async open(path: string): Promise<void> {
    this.#watch();
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
    await vscode.window.showTextDocument(document, { preview: true });
    this.#logs.set(document.uri.toString(), { atEnd: true, top: 0 });
    this.#show(document);
  }

  dispose(): void {
    this.#store.dispose();
  }

  /** From the first one on: nobody else shall pay for it at each key. */
  #watch(): void {
    if (this.#isWatching) {
      return;
    }
    this.#isWatching = true;
    this.#store.add(vscode.workspace.onDidChangeTextDocument(({ document }) => this.#show(document)));
    this.#store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#logs.delete(uri.toString())));
    this.#store.add(vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.#look(textEditor)));
    this.#store.add(
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        for (const { document } of editors) {
          this.#show(document);
        }
      }),
    );
  }

  #show(document: vscode.TextDocument): void {
    if (this.#logs.get(document.uri.toString())?.atEnd !== true) {
      return;
    }
    const { end } = document.lineAt(document.lineCount - 1).range;
    for (const editor of vscode.window.visibleTextEditors.filter((one) => one.document === document)) {
      editor.selection = new vscode.Selection(end, end);
      editor.revealRange(new vscode.Range(end, end));
    }
  }

  #look({ document, visibleRanges }: vscode.TextEditor): void {
    const log = this.#logs.get(document.uri.toString());
    const [first, last] = [visibleRanges[0], visibleRanges.at(-1)];
    if (log === undefined || first === undefined || last === undefined) {
      return;
    }
    const seesEnd = last.end.line >= document.lineCount - endLines;
    log.atEnd = seesEnd || (log.atEnd && first.start.line >= log.top);
    log.top = first.start.line;
  }
}

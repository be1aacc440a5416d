// Whether a person went to work elsewhere while something ran, as far as the editor tells: nobody's keyboard is taken
// away for news of what was begun before. Knows no row.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { isAsking } from '../openQuestions.js';

export class FocusGuard implements Disposable {
  readonly #store = new DisposableStore();
  #moves = 0;

  constructor() {
    const move = (): void => {
      this.#moves += 1;
    };
    this.#store.add(vscode.window.onDidChangeActiveTextEditor(move));
    this.#store.add(vscode.window.onDidChangeActiveNotebookEditor(move));
    this.#store.add(vscode.window.onDidChangeActiveTerminal(move));
    // Text that a program writes moves the cursor too, without a kind.
    this.#store.add(vscode.window.onDidChangeTextEditorSelection(({ kind }) => kind !== undefined && move()));
  }

  /** The function tells whether nobody went elsewhere since, nor is asked something now. */
  remember(): () => boolean {
    const before = this.#moves;
    return () => this.#moves === before && !isAsking();
  }

  dispose(): void {
    this.#store.dispose();
  }
}

// Markdown documents that are made when they are opened: what the doctor found. Knows no findings.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../lifetime/disposable.js';

export const reportScheme = 'virt-rewind-report';

export class Reports implements Disposable, vscode.TextDocumentContentProvider {
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<vscode.Uri>;
  readonly #texts = new Map<string, string>();

  constructor() {
    this.#changed = this.#store.add(new vscode.EventEmitter<vscode.Uri>());
    this.#store.add(vscode.workspace.registerTextDocumentContentProvider(reportScheme, this));
    this.#store.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#texts.delete(uri.toString());
      }),
    );
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changed.event;
  }

  /** Shows the text as a rendered page where the editor can, as Markdown where it cannot. */
  async open(name: string, markdown: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: reportScheme, path: `/${name.replaceAll('/', '_')}.md` });
    this.#texts.set(uri.toString(), markdown);
    this.#changed.fire(uri);
    // The list of commands has it only once its extension runs, which calling it brings about.
    if (await isDone(vscode.commands.executeCommand('markdown.showPreview', uri))) {
      return;
    }
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /** A restored window asks for reports of an earlier session: they would be of another time. */
  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? vscode.l10n.t('This report is of an earlier session. Ask for it again.');
  }

  dispose(): void {
    this.#store.dispose();
  }
}

/** False where the editor has no such command, or no way to show it. */
async function isDone(command: Thenable<unknown>): Promise<boolean> {
  return command.then(
    () => true,
    () => false,
  );
}

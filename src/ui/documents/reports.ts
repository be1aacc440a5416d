// Markdown documents that are made when they are opened, or again when they are true no more: what the doctor found. Knows no
// findings.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { type Disposable, DisposableStore } from '../../base/disposable.js';

export const reportScheme = 'virt-rewind-report';

/** The editor lets go of a text three minutes after it was seen last, and asks for it again when somebody comes back to its tab. */
const mostReports = 50;

interface Report {
  readonly text: string;
  readonly again?: () => Promise<string>;
}

export class Reports implements Disposable, vscode.TextDocumentContentProvider {
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<vscode.Uri>;
  /** By URI, the one that was made last at the end. */
  readonly #reports = new Map<string, Report>();

  constructor() {
    this.#changed = this.#store.add(new vscode.EventEmitter<vscode.Uri>());
    this.#store.add(vscode.workspace.registerTextDocumentContentProvider(reportScheme, this));
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changed.event;
  }

  /**
   * Shows the text as a rendered page where the editor can, as Markdown where it cannot.
   * @param again what the text would be later
   */
  async open(name: string, text: string, again?: () => Promise<string>): Promise<void> {
    const uri = uriOf(name);
    this.#put(uri, { text, ...(again !== undefined && { again }) });
    // The list of commands has it only once its extension runs, which calling it brings about.
    if (await isDone(vscode.commands.executeCommand('markdown.showPreview', uri))) {
      return;
    }
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /** Makes a report anew that was opened; nothing where there is none. Rejects with what making it does. */
  async renew(name: string): Promise<void> {
    const uri = uriOf(name);
    const report = this.#reports.get(uri.toString());
    if (report?.again !== undefined) {
      this.#put(uri, { ...report, text: await report.again() });
    }
  }

  #put(uri: vscode.Uri, report: Report): void {
    this.#reports.delete(uri.toString());
    this.#reports.set(uri.toString(), report);
    const [oldest] = this.#reports.keys();
    if (oldest !== undefined && this.#reports.size > mostReports) {
      this.#reports.delete(oldest);
    }
    this.#changed.fire(uri);
  }

  /** A restored window asks for reports of an earlier session: they would be of another time. */
  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#reports.get(uri.toString())?.text ?? t('This report is of an earlier session. Ask for it again.');
  }

  dispose(): void {
    this.#store.dispose();
  }
}

function uriOf(name: string): vscode.Uri {
  return vscode.Uri.from({ scheme: reportScheme, path: `/${name.replaceAll('/', '_')}.md` });
}

/** False where the editor has no such command, or no way to show it. */
async function isDone(command: Thenable<unknown>): Promise<boolean> {
  return command.then(
    () => true,
    () => false,
  );
}

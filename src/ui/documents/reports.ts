// Markdown documents that are made when they are opened: how two states differ, what a bisect found.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { type Disposable, DisposableStore } from '../../base/disposable.js';

const reportScheme = 'virt-rewind-report';

/**
 * The editor lets go of a text three minutes after it was seen last, and asks for it again when somebody comes back to
 * its tab.
 */
const mostReports = 50;

interface Report {
  readonly text: string;
  /** Opens the XML that it was made of. Rejects with a Failure. */
  readonly openXml?: () => Promise<void>;
}

export class Reports implements Disposable, vscode.TextDocumentContentProvider {
  readonly #store = new DisposableStore();
  readonly #changed: vscode.EventEmitter<vscode.Uri>;
  /** By URI, the one that was made last at the end. */
  readonly #reports = new Map<string, Report>();

  #hasXml = false;

  /** @param onXml told when the report in front begins or ceases to have XML behind it */
  constructor(private readonly onXml: (hasXml: boolean) => void) {
    this.#changed = this.#store.add(new vscode.EventEmitter<vscode.Uri>());
    this.#store.add(vscode.workspace.registerTextDocumentContentProvider(reportScheme, this));
    this.#store.add(vscode.window.tabGroups.onDidChangeTabs(() => this.#look()));
    this.#store.add(vscode.window.tabGroups.onDidChangeTabGroups(() => this.#look()));
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changed.event;
  }

  /**
   * Shows the text as a rendered page where the editor can, as Markdown where it cannot. A report of a name takes the
   * place of the one before it.
   */
  async open(name: string, text: string, openXml?: () => Promise<void>): Promise<void> {
    const uri = uriOf(name);
    this.#put(uri, { text, ...(openXml && { openXml }) });
    // The list of commands has it only once its extension runs, which calling it brings about.
    if (await hasRun(vscode.commands.executeCommand('markdown.showPreview', uri))) {
      return;
    }
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /** Opens the XML of the report in front; undefined where another tab is, or nothing is behind it. */
  get openXml(): (() => Promise<void>) | undefined {
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
    if (tab?.input instanceof vscode.TabInputText) {
      return this.#reports.get(tab.input.uri.toString())?.openXml;
    }
    if (!(tab?.input instanceof vscode.TabInputWebview) || !tab.input.viewType.includes('markdown')) {
      return undefined;
    }
    // A preview does not tell what it shows but in its title, in which words of the editor's language stand before the
    // name.
    const shown = [...this.#reports].filter(([uri]) => tab.label.endsWith(fileOf(vscode.Uri.parse(uri))));
    return shown.toSorted(([a], [b]) => b.length - a.length)[0]?.[1].openXml;
  }

  #look(): void {
    const hasXml = this.openXml !== undefined;
    if (hasXml !== this.#hasXml) {
      this.#hasXml = hasXml;
      this.onXml(hasXml);
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
    this.#look();
  }

  /** A restored window asks for reports of an earlier session: they would be of another time. */
  provideTextDocumentContent(uri: vscode.Uri): string {
    return (
      this.#reports.get(uri.toString())?.text ?? t('This report is from an earlier session. Run the command again.')
    );
  }

  dispose(): void {
    this.#store.dispose();
  }
}

function uriOf(name: string): vscode.Uri {
  return vscode.Uri.from({ scheme: reportScheme, path: `/${name.replaceAll('/', '_')}.md` });
}

/** As tabs call it. */
function fileOf({ path }: vscode.Uri): string {
  return path.slice(1);
}

/** False where the editor has no such command, or no way to show it. */
async function hasRun(command: Thenable<unknown>): Promise<boolean> {
  return command.then(
    () => true,
    () => false,
  );
}

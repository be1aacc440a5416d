// A tab with a page of ours: it runs one script of ours, and loads nothing else.
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable.js';

interface PagePanelOptions {
  readonly type: string;
  readonly title: string;
  readonly column?: vscode.ViewColumn;
  /** What the page may load: it has a script and styles of its own in there. */
  readonly folder?: vscode.Uri;
  /** The commands that a link in it may run. */
  readonly links?: readonly string[];
  /** It is seen now, or no more. */
  readonly onLook?: () => void;
  readonly onEnd?: () => void;
}

export class PagePanel implements Disposable {
  /** What ends with the tab. */
  readonly store = new DisposableStore();
  readonly #panel: vscode.WebviewPanel;
  #plain = '';

  constructor({ type, title, column = vscode.ViewColumn.Active, links, folder, onLook, onEnd }: PagePanelOptions) {
    this.#panel = vscode.window.createWebviewPanel(type, title, column, {
      enableScripts: true,
      ...(links !== undefined && { enableCommandUris: links }),
      localResourceRoots: folder === undefined ? [] : [folder],
    });
    this.#panel.onDidDispose(() => {
      this.store.dispose();
      onEnd?.();
    });
    this.#panel.onDidChangeViewState(() => onLook?.());
  }

  get visible(): boolean {
    // The editor throws for a closed tab.
    return !this.store.isDisposed && this.#panel.visible;
  }

  get html(): string {
    return this.#panel.webview.html;
  }

  /**
   * Equal but for the nonce is not drawn again: a new page takes the focus and the place away.
   * @returns whether it was drawn
   */
  draw(page: (nonce: string) => string): boolean {
    const plain = page('');
    if (plain === this.#plain) {
      return false;
    }
    this.#plain = plain;
    this.#panel.webview.html = page(randomBytes(16).toString('hex'));
    return true;
  }

  /** As the page loads a file of the folder. */
  addressOf(file: vscode.Uri): string {
    return this.#panel.webview.asWebviewUri(file).toString();
  }

  /** For the page's policy. */
  get source(): string {
    return this.#panel.webview.cspSource;
  }

  onMessage(take: (message: unknown) => void): void {
    this.store.add(this.#panel.webview.onDidReceiveMessage(take));
  }

  async send(message: unknown): Promise<void> {
    await this.#panel.webview.postMessage(message);
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }
}

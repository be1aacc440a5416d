// The editor tab with the lesson: draws it anew when it changed. It runs one script of ours and loads nothing.
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { Lesson } from '../../lesson/lesson.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import { setContextKeys } from '../contextKeys.js';
import { lessonPanelType } from '../../manifest/viewIds.js';
import { lessonLinks, lessonPage } from './lessonPage.js';

export class LessonPanel implements Disposable {
  readonly #lesson: Lesson;
  readonly #log: Log;
  readonly #store = new DisposableStore();
  #panel: vscode.WebviewPanel | undefined;
  #shown = '';

  constructor(lesson: Lesson, log: Log) {
    this.#log = log;
    this.#lesson = lesson;
    this.#store.add(lesson.onDidChange(() => this.#draw()));
  }

  /** In the first column, so that there is room for a picture beside it. */
  show(): void {
    if (this.#panel === undefined) {
      this.#panel = vscode.window.createWebviewPanel(
        lessonPanelType,
        t('Lesson: Snapshots'),
        { viewColumn: vscode.ViewColumn.One },
        { enableScripts: true, enableCommandUris: lessonLinks, localResourceRoots: [] },
      );
      this.#panel.onDidDispose(() => {
        this.#panel = undefined;
        this.#shown = '';
        this.#lesson.setVisible(false);
      });
      this.#panel.onDidChangeViewState(({ webviewPanel }) => this.#lesson.setVisible(webviewPanel.visible));
    } else {
      this.#panel.reveal();
    }
    this.#lesson.setVisible(true);
    this.#draw();
  }

  dispose(): void {
    this.#store.dispose();
    this.#panel?.dispose();
  }

  #draw(): void {
    const { view } = this.#lesson;
    setContextKeys({ 'virtRewind.lesson': view !== undefined }).catch((error: unknown) => {
      this.#log.error(`The keys of the lesson could not be switched: ${String(error)}`);
    });
    if (this.#panel === undefined) {
      return;
    }
    // Equal but for the nonce is not drawn again: a new page takes the focus and the place away.
    const plain = lessonPage(view, '');
    if (plain !== this.#shown) {
      this.#shown = plain;
      this.#panel.webview.html = lessonPage(view, randomBytes(16).toString('hex'));
    }
  }
}

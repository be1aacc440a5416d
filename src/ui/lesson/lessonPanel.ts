// The editor tab with the lesson.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { Lesson } from '../../lesson/lesson.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import { setContextKeys } from '../contextKeys.js';
import { PagePanel } from '../pagePanel.js';
import { lessonPanelType } from '../../manifest/viewIds.js';
import { lessonLinks, lessonPage } from './lessonPage.js';
import type { ListedLevel } from './levelList.js';

/** A lesson with the panel that shows it. */
export interface LessonWithPanel {
  readonly lesson: Lesson;
  readonly panel: LessonPanel;
}

export class LessonPanel implements Disposable {
  readonly #lesson: Lesson;
  readonly #log: Log;
  readonly #store = new DisposableStore();
  #panel: PagePanel | undefined;

  readonly #levels: () => Promise<readonly ListedLevel[]>;
  #listed: readonly ListedLevel[] = [];
  #ended = false;
  /** Instead of the step that is under way. */
  #showsLevels = false;

  constructor(lesson: Lesson, levels: () => Promise<readonly ListedLevel[]>, log: Log) {
    this.#log = log;
    this.#lesson = lesson;
    this.#levels = levels;
    let wasThere = false;
    this.#store.add(
      lesson.onDidChange(() => {
        const isThere = lesson.view !== undefined;
        if (wasThere && !isThere) {
          this.#ended = true;
          this.#list();
        }
        this.#showsLevels &&= isThere;
        wasThere = isThere;
        this.#draw();
      }),
    );
  }

  /** In the first column, so that there is room for a picture beside it. */
  show(what: 'step' | 'levels' = 'step'): void {
    this.#showsLevels = what === 'levels' && this.#lesson.view !== undefined;
    if (this.#panel === undefined) {
      this.#panel = new PagePanel({
        type: lessonPanelType,
        title: t('Lesson: Snapshots'),
        column: vscode.ViewColumn.One,
        links: lessonLinks,
        onLook: () => {
          this.#lesson.setVisible(this.#panel?.visible === true);
          this.#setKeys();
        },
        onEnd: () => {
          this.#panel = undefined;
          this.#lesson.setVisible(false);
          this.#setKeys();
        },
      });
    } else {
      this.#panel.reveal();
    }
    this.#lesson.setVisible(true);
    this.#list();
    this.#draw();
  }

  /** @returns whether they were shown instead of the step */
  leaveLevels(): boolean {
    const showed = this.#showsLevels;
    if (showed) {
      this.show();
    }
    return showed;
  }

  dispose(): void {
    this.#store.dispose();
    this.#panel?.dispose();
  }

  #draw(): void {
    const { view } = this.#lesson;
    this.#setKeys();
    this.#panel?.draw((nonce) =>
      lessonPage(
        {
          ...(view !== undefined && { view }),
          ...(this.#showsLevels ? { list: 'instead' } : this.#ended && { list: 'ended' }),
          levels: this.#listed,
          language: vscode.env.language,
        },
        nonce,
      ),
    );
  }

  /** With what was reached since. */
  #list(): void {
    this.#levels().then(
      (levels) => {
        this.#listed = levels;
        this.#draw();
      },
      (error: unknown) => this.#log.error(`The levels cannot be read: ${String(error)}`),
    );
  }

  /** Behind the last step, as long as its page is in sight, they do nothing: not what they are to others. */
  #setKeys(): void {
    const hasKeys = this.#lesson.view !== undefined || this.#panel?.visible === true;
    setContextKeys({ 'virtRewind.lesson': hasKeys }).catch((error: unknown) => {
      this.#log.error(`The keys of the lesson could not be switched: ${String(error)}`);
    });
  }
}

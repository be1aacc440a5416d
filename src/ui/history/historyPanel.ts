// The tab with the history: one, drawn anew when it reads differently, as long as it is seen.
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import type { Disposable } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import type { Log } from '../../base/log.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { type HistoryFiles, watchedHistory } from '../../journal/readAudit.js';
import type { WatchedRecords } from '../../journal/watchedRecords.js';
import { historyPanelType } from '../../manifest/viewIds.js';
import type * as Page from '../pagePanel.js';
import type * as Shown from './shownHistory.js';

interface HistoryPanelOptions {
  readonly engine: EnginePort;
  /** The folder of the journal. */
  readonly folder: string;
  readonly log: Log;
}

export class HistoryPanel implements Disposable {
  /** The folder of the journal and the history. */
  readonly folder: string;
  /** Keeps who did what to which VM. */
  readonly file: string;
  readonly #options: HistoryPanelOptions;
  readonly #files: WatchedRecords<HistoryFiles>;
  readonly #drawn = new Emitter<void>();
  readonly onDidDraw = this.#drawn.event;
  #panel: Page.PagePanel | undefined;
  #drawing: Promise<void> = Promise.resolve();

  constructor(options: HistoryPanelOptions) {
    const { folder, log } = options;
    this.#options = options;
    this.folder = folder;
    this.file = join(folder, 'audit.jsonl');
    this.#files = watchedHistory(folder, log);
    this.#files.onDidChange(() => void this.#draw());
  }

  /** False where nothing was done yet. What draws it is loaded for the first one. */
  async show(): Promise<boolean> {
    const [page, shown] = await Promise.all([import('../pagePanel.js'), import('./shownHistory.js')]);
    await this.#files.read();
    if (this.#lines.length === 0) {
      return false;
    }
    if (this.#panel === undefined) {
      this.#panel = this.#openPanel(page, shown);
    } else {
      this.#panel.reveal();
    }
    await this.#draw();
    return true;
  }

  /** What is shown; undefined where no tab is open. */
  get html(): string | undefined {
    return this.#panel?.html;
  }

  get #lines(): readonly string[] {
    return this.#files.all[0]?.lines ?? [];
  }

  dispose(): void {
    this.#panel?.dispose();
    this.#files.dispose();
    this.#drawn.dispose();
  }

  #openPanel(page: typeof Page, { historyLinks }: typeof Shown): Page.PagePanel {
    const panel = new page.PagePanel({
      type: historyPanelType,
      title: t('History'),
      links: historyLinks,
      onLook: () => {
        this.#files.watch(this, panel.visible);
        void this.#draw();
      },
      onEnd: () => {
        this.#panel = undefined;
        this.#files.watch(this, false);
      },
    });
    this.#files.watch(this, true);
    return panel;
  }

  #draw(): Promise<void> {
    this.#drawing = this.#drawing
      .then(() => this.#drawNow())
      .catch((error: unknown) => this.#options.log.error(`The history cannot be shown: ${String(error)}`));
    return this.#drawing;
  }

  async #drawNow(): Promise<void> {
    const panel = this.#panel;
    if (panel?.visible !== true) {
      return;
    }
    const { engine, log } = this.#options;
    const { historyPage, readShownHistory } = await import('./shownHistory.js');
    const shown = await readShownHistory(this.#lines, engine, this.folder, log);
    // Somebody may have closed it meanwhile.
    if (panel === this.#panel && panel.draw((nonce) => historyPage(shown, nonce))) {
      this.#drawn.fire();
    }
  }
}

// All open pictures: opens them, finds the one of a VM again, and brings them back after a reload.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { Emitter, type Event } from '../../base/emitter.js';
import { pictureViewType } from '../../manifest/viewIds.js';
import { displayLine } from '../../domain/plainText.js';
import { type VmRef, sameVm } from '../../domain/vm.js';
import { type PageState, type PictureFocus, parsePageState } from './messages.js';
import type { Attentions } from '../attentions.js';
import { AgreedPlans } from './agreedPlans.js';
import { pageFolder } from './picturePage.js';
import { PicturePanel, type PictureServices } from './picturePanel.js';

interface ShowPicture {
  /** Points at a part of it. */
  readonly focus?: PictureFocus;
  /** `beside`: another one next to it, even of the same VM. */
  readonly where?: 'again' | 'beside';
  /** The keyboard stays where it is. */
  readonly keepFocus?: boolean;
}

export class PicturePanels implements Disposable, vscode.WebviewPanelSerializer {
  /** A picture has painted all that it was told. */
  readonly onDidSettle: Event<VmRef>;
  /** What somebody has agreed to in one of them. */
  readonly agreed = new AgreedPlans();
  readonly #services: PictureServices;
  readonly #attentions: Attentions;
  readonly #store = new DisposableStore();
  readonly #settled = new Emitter<VmRef>();
  readonly #panels = new Set<PicturePanel>();

  constructor(services: PictureServices, attentions: Attentions) {
    this.#services = services;
    this.#attentions = attentions;
    this.onDidSettle = this.#settled.event;
    this.#store.add(this.#settled);
    this.#store.add(vscode.window.registerWebviewPanelSerializer(pictureViewType, this));
  }

  /**
   * The picture of a VM; a new one beside it where that is asked for, or where it is what the user looks at already.
   */
  show(ref: VmRef, { focus, where = 'again', keepFocus = false }: ShowPicture = {}): PicturePanel {
    const open = [...this.#panels].find((panel) => sameVm(panel.ref, ref));
    if (open !== undefined && where === 'again') {
      open.show(focus);
      return open;
    }
    const name = displayLine(this.#services.engine.findVm(ref)?.vm.name ?? '');
    const panel = vscode.window.createWebviewPanel(
      pictureViewType,
      t('{0}: Picture', name),
      {
        viewColumn: where === 'beside' ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active,
        preserveFocus: keepFocus,
      },
      { enableScripts: true, localResourceRoots: [pageFolder(this.#services.extension)] },
    );
    return this.#follow(panel, ref, focus);
  }

  /** Of this VM, the front one first. */
  find(ref: VmRef): PicturePanel | undefined {
    const all = [...this.#panels].filter((panel) => sameVm(panel.ref, ref));
    return all.find(({ isActive }) => isActive) ?? all.find(({ isVisible }) => isVisible) ?? all[0];
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const kept = parsePageState(state);
    if (kept === undefined) {
      this.#services.log.warn(
        'A picture of an earlier session could not be brought back: it does not say of which VM.',
      );
      panel.dispose();
    } else {
      panel.webview.options = { enableScripts: true, localResourceRoots: [pageFolder(this.#services.extension)] };
      this.#follow(panel, kept);
    }
    return Promise.resolve();
  }

  dispose(): void {
    for (const panel of [...this.#panels]) {
      panel.dispose();
    }
    this.#store.dispose();
  }

  #follow(webview: vscode.WebviewPanel, kept: PageState, focus?: PictureFocus): PicturePanel {
    const icon = (theme: string): vscode.Uri =>
      vscode.Uri.joinPath(this.#services.extension, 'media', `picture-${theme}.svg`);
    webview.iconPath = { light: icon('light'), dark: icon('dark') };
    const panel = new PicturePanel(webview, kept, { ...this.#services, agreed: this.agreed }, this.#attentions.share());
    this.#panels.add(panel);
    panel.onDidSettle(() => this.#settled.fire(panel.ref));
    panel.onDidDispose(() => this.#panels.delete(panel));
    if (focus !== undefined) {
      panel.show(focus);
    }
    return panel;
  }
}

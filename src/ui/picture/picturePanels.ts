// All open pictures: opens them, finds the one of a VM again, and brings them back after a reload. What draws them is
// loaded for the first one.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { Emitter, type Event } from '../../base/emitter.js';
import { pictureViewType } from '../../manifest/viewIds.js';
import { displayLine } from '../../domain/plainText.js';
import { type VmRef, sameVm } from '../../domain/vm.js';
import type { PageState, PictureFocus } from './messages.js';
import type { Attentions } from '../attentions.js';
import { AgreedPlans } from './agreedPlans.js';
import type * as Panel from './picturePanel.js';
import { pageFolder } from './picturePage.js';

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
  readonly #services: Panel.PictureServices;
  readonly #attentions: Attentions;
  readonly #store = new DisposableStore();
  readonly #settled = new Emitter<VmRef>();
  readonly #panels = new Set<Panel.PicturePanel>();

  constructor(services: Panel.PictureServices, attentions: Attentions) {
    this.#services = services;
    this.#attentions = attentions;
    this.onDidSettle = this.#settled.event;
    this.#store.add(this.#settled);
    this.#store.add(vscode.window.registerWebviewPanelSerializer(pictureViewType, this));
  }

  /**
   * The picture of a VM; a new one beside it where that is asked for, or where it is what the user looks at already.
   */
  async show(ref: VmRef, { focus, where = 'again', keepFocus = false }: ShowPicture = {}): Promise<Panel.PicturePanel> {
    const drawing = await import('./picturePanel.js');
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
    return this.#follow(drawing, panel, ref, focus);
  }

  /** The panels of this VM, the front one first. */
  find(ref: VmRef): Panel.PicturePanel | undefined {
    const all = [...this.#panels].filter((panel) => sameVm(panel.ref, ref));
    return all.find(({ isActive }) => isActive) ?? all.find(({ isVisible }) => isVisible) ?? all[0];
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const [{ parsePageState }, drawing] = await Promise.all([import('./messages.js'), import('./picturePanel.js')]);
    const kept = parsePageState(state);
    if (kept === undefined) {
      this.#services.log.warn(
        'A picture of an earlier session could not be brought back: it does not say of which VM.',
      );
      panel.dispose();
    } else {
      panel.webview.options = { enableScripts: true, localResourceRoots: [pageFolder(this.#services.extension)] };
      this.#follow(drawing, panel, kept);
    }
  }

  dispose(): void {
    for (const panel of [...this.#panels]) {
      panel.dispose();
    }
    this.#store.dispose();
  }

  #follow(
    { PicturePanel }: typeof Panel,
    webview: vscode.WebviewPanel,
    kept: PageState,
    focus?: PictureFocus,
  ): Panel.PicturePanel {
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

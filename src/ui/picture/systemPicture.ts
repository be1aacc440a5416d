// The tab with the picture of a system of VMs: drawn anew when it reads differently, as long as it is seen.
import { t } from '@vscode/l10n';
import type { Disposable } from '../../base/disposable.js';
import { displayLine } from '../../domain/plainText.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { vmKey } from '../../live/views.js';
import { systemPictureType } from '../../manifest/viewIds.js';
import type { KnownSystems } from '../../systems/knownSystems.js';
import type { ShownSystem } from '../../text/systems/systemRows.js';
import type { Attentions, AttentionShare } from '../attentions.js';
import { PagePanel } from '../pagePanel.js';
import { systemLinks, systemPage } from './systemPage.js';

/** Ages are written anew. */
const againMs = 60_000;

export interface SystemPictureOptions {
  readonly engine: EnginePort;
  readonly known: KnownSystems;
  readonly attentions: Attentions;
  readonly shown: (id: string) => ShownSystem | undefined;
}

export class SystemPicture implements Disposable {
  readonly #id: string;
  readonly #options: SystemPictureOptions;
  readonly #panel: PagePanel;
  readonly #attention: AttentionShare;

  constructor(id: string, options: SystemPictureOptions, ended: () => void) {
    const { engine, known, attentions } = options;
    this.#id = id;
    this.#options = options;
    const name = displayLine(known.find(id)?.system.name ?? '');
    this.#panel = new PagePanel({
      type: systemPictureType,
      title: t('{0}: Picture', name),
      links: systemLinks,
      onLook: () => this.#look(),
      onEnd: () => {
        known.watch(this, false);
        ended();
      },
    });
    const { store } = this.#panel;
    this.#attention = store.add(attentions.share());
    store.add(known.onDidChange(() => this.#draw()));
    store.add(engine.onDidChange(() => this.#draw()));
    const timer = setInterval(() => this.#draw(), againMs);
    store.add({ dispose: () => clearInterval(timer) });
    this.#look();
  }

  get html(): string {
    return this.#panel.html;
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  #look(): void {
    const { known, engine } = this.#options;
    const { visible } = this.#panel;
    const members = known.find(this.#id)?.system.members ?? [];
    known.watch(this, visible);
    this.#attention.set({
      visible,
      connections: new Set(members.map(({ connection }) => connection)),
      vms: new Set(members.map(vmKey)),
    });
    if (visible) {
      for (const member of members.filter((one) => engine.findVm(one) !== undefined)) {
        // What cannot be read is said in its column.
        engine.readTree({ connection: member.connection, uuid: member.uuid }).catch(() => undefined);
      }
    }
    this.#draw();
  }

  #draw(): void {
    if (!this.#panel.visible) {
      return;
    }
    const shown = this.#options.shown(this.#id);
    if (shown === undefined) {
      this.#panel.dispose();
      return;
    }
    const now = Date.now();
    this.#panel.draw((nonce) => systemPage(shown, now, nonce));
  }
}

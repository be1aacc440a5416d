// One picture in an editor tab: sends the page what the engine knows of its VM while it is seen, and takes what the
// page sends after a look at it. Hidden, it does nothing. Draws nothing itself, and runs no command.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { asFailure } from '../../domain/asFailure.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { type StoreChange, vmKey } from '../../live/views.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import type { Log } from '../../base/log.js';
import type { Plan } from '../../operations/plan.js';
import { displayLine } from '../../domain/plainText.js';
import { type VmRef, sameVm } from '../../domain/vm.js';
import {
  type FromPicture,
  type PageState,
  type PictureAction,
  type PictureFocus,
  type ToPicture,
  parseFromPicture,
} from './messages.js';
import type { Sentences } from '../../text/translation.js';
import type { HealthWatch } from '../../health/healthWatch.js';
import type { AttentionShare } from '../attentions.js';
import type { ShownBisects } from '../tree/vmTree.js';
import { notify } from '../prompts/notify.js';
import { readSettings } from '../readSettings.js';
import type { AgreedPlans } from './agreedPlans.js';
import { PictureDisk } from './pictureDisk.js';
import { pageHtml } from './picturePage.js';
import { type Contributions, pictureMenu } from './pictureMenu.js';
import { pictureState } from './pictureState.js';
import { PictureWishes, reading } from './pictureWishes.js';

/** Changes that come together are sent together. */
const gatherMs = 50;
/** The finest age that a node shows is a minute. */
const ageMs = 60_000;

interface PanelServices extends PictureServices {
  readonly agreed: AgreedPlans;
}

export interface PictureServices {
  readonly engine: EnginePort;
  readonly health: Pick<HealthWatch, 'healthOf' | 'onDidChange'>;
  readonly bisects: ShownBisects;
  readonly log: Log;
  readonly sentences: Sentences;
  readonly extension: vscode.Uri;
  readonly contributed: Contributions;
}

export class PicturePanel implements Disposable {
  readonly ref: VmRef;
  /** All that was sent is painted. */
  readonly onDidSettle;
  readonly onDidDispose;
  readonly #panel: vscode.WebviewPanel;
  readonly #services: PanelServices;
  readonly #attention: AttentionShare;
  readonly #disk: PictureDisk;
  readonly #wishes: PictureWishes;
  readonly #store = new DisposableStore();
  readonly #settled = new Emitter<void>();
  readonly #disposed = new Emitter<void>();
  #isSeen: boolean | undefined;
  #isReady = false;
  #sent = '';
  #gathering: NodeJS.Timeout | undefined;
  #aging: NodeJS.Timeout | undefined;
  #number = 0;
  #focus: PictureFocus | undefined;

  constructor(
    panel: vscode.WebviewPanel,
    { connection, uuid, disk }: PageState,
    services: PanelServices,
    attention: AttentionShare,
  ) {
    const ref = { connection, uuid };
    this.ref = ref;
    this.onDidSettle = this.#settled.event;
    this.onDidDispose = this.#disposed.event;
    this.#panel = panel;
    this.#services = services;
    this.#attention = this.#store.add(attention);
    this.#disk = this.#store.add(
      new PictureDisk(ref, disk, {
        ...services,
        send: (blocks) => {
          this.#send(blocks);
          this.#settleSoon();
        },
      }),
    );
    this.#wishes = new PictureWishes(ref, { ...services, actions: () => this.#actions() });
    this.#store.add(panel.onDidDispose(() => this.dispose()));
    this.#store.add(panel.onDidChangeViewState(() => this.#visibilityChanged()));
    this.#store.add(panel.webview.onDidReceiveMessage((message: unknown) => this.#take(message)));
    this.#store.add(services.engine.onDidChange((change) => this.#storeChanged(change)));
    this.#store.add(services.health.onDidChange(() => this.#updateSoon()));
    this.#store.add(services.bisects.onDidChange(() => this.#updateSoon()));
    panel.webview.html = pageHtml(panel.webview, services.extension);
    this.#visibilityChanged();
  }

  get isVisible(): boolean {
    // The editor throws for a closed panel.
    return !this.#store.isDisposed && this.#panel.visible;
  }

  get isActive(): boolean {
    return this.#panel.active;
  }

  /** Brings it to the front; `focus`: points at a part of it. */
  show(focus?: PictureFocus): void {
    this.#panel.reveal(undefined, false);
    if (focus !== undefined) {
      this.#focus = focus;
      this.#pointAtFocus();
    }
  }

  /**
   * Shows what a plan would do, which is being asked elsewhere; nothing where it cannot be seen.
   * @returns what ends that
   */
  preview(plan: Plan): (() => void) | undefined {
    const shown = this.isVisible ? this.#wishes.preview(plan, this.#disk.map) : undefined;
    if (shown === undefined) {
      return undefined;
    }
    this.#send(shown);
    this.#settleSoon();
    return () => this.#send({ kind: 'noWhatIf' });
  }

  dispose(): void {
    if (this.#store.isDisposed) {
      return;
    }
    this.#stopTimers();
    this.#services.bisects.watch(this, false);
    this.#store.dispose();
    this.#panel.dispose();
    this.#disposed.fire();
    this.#disposed.dispose();
    this.#settled.dispose();
  }

  #visibilityChanged(): void {
    const { visible } = this.#panel;
    if (visible === this.#isSeen) {
      // It only got or lost the keyboard, or moved.
      return;
    }
    this.#isSeen = visible;
    this.#services.bisects.watch(this, visible);
    this.#attention.set({ visible, connections: new Set(), vms: new Set([vmKey(this.ref)]) });
    this.#stopTimers();
    if (!visible) {
      // The page of a hidden tab is gone; a new one says that it is ready.
      this.#isReady = false;
      this.#disk.stop();
      return;
    }
    this.#aging = setInterval(() => this.#update(), ageMs);
    this.#read();
  }

  #storeChanged({ connection, vm }: StoreChange): void {
    const isOurs =
      vm === undefined
        ? connection === undefined || connection === this.ref.connection
        : sameVm(vm, this.ref) || this.#services.engine.findVm(vm)?.vm.clone?.of === this.ref.uuid;
    if (isOurs) {
      this.#updateSoon();
    }
  }

  #updateSoon(): void {
    if (this.#panel.visible) {
      this.#gathering ??= setTimeout(() => {
        this.#gathering = undefined;
        this.#update();
      }, gatherMs);
    }
  }

  /**
   * Reads the snapshots, unless they are followed anyway, and how large each is. Why they could not be is in the
   * picture; a size that could not stays unknown.
   */
  #read(): void {
    const { engine, log } = this.#services;
    const note = (error: unknown): void => log.debug(`picture of ${vmKey(this.ref)}: ${asFailure(error).kind}`);
    engine
      .readTree(this.ref)
      // It may be hidden or closed by then.
      .then(() => (this.isVisible ? engine.readLayers(this.ref) : undefined))
      .catch(note)
      .finally(() => this.#update());
  }

  #actions(): readonly PictureAction[] {
    const hasTrash = readSettings().trashDays !== 0;
    return pictureMenu(this.#services.contributed, (one) => one === 'config.virtRewind.trash.days != 0' && hasTrash);
  }

  #update(): void {
    if (!this.#isReady || !this.isVisible) {
      return;
    }
    const { engine, health, bisects } = this.#services;
    const view = engine.findVm(this.ref);
    const connection = engine.connections.find(({ uri }) => uri === this.ref.connection);
    const found = {
      ...reading(),
      health: (ref: VmRef) => health.healthOf(ref)?.found,
      bisect: bisects.of,
    };
    const state = pictureState(view, connection, this.#disk.disksOf(view), found, this.#actions());
    this.#panel.title = t('{0}: Picture', state.vm);
    const text = JSON.stringify(state);
    if (text !== this.#sent) {
      this.#sent = text;
      this.#send(state);
      this.#pointAtFocus();
      this.#settleSoon();
    }
    this.#disk.look(view);
  }

  #pointAtFocus(): void {
    if (this.#isReady && this.#focus !== undefined) {
      this.#send({ kind: 'focus', ...this.#focus });
      this.#focus = undefined;
      this.#settleSoon();
    }
  }

  #settleSoon(): void {
    this.#number += 1;
    this.#send({ kind: 'settle', number: this.#number });
  }

  #send(message: ToPicture): void {
    if (this.#store.isDisposed) {
      return;
    }
    this.#panel.webview.postMessage(message).then(undefined, (error: unknown) => {
      this.#services.log.debug(`picture of ${vmKey(this.ref)}: not sent: ${String(error)}`);
    });
  }

  #take(value: unknown): void {
    const message = parseFromPicture(value);
    if (message === undefined) {
      this.#services.log.warn('A picture sent what is no message of ours; nothing was done.');
      return;
    }
    this.#act(message).catch((error: unknown) => {
      this.#services.log.error(`picture of ${vmKey(this.ref)}: ${String(error)}`);
      void notify('error', t('The picture could not run this command: {0}', displayLine(String(error))));
    });
  }

  async #act(message: FromPicture): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.#begin();
        return;
      case 'run':
        this.#send({ kind: 'noWhatIf' });
        await this.#wishes.run(message);
        return;
      case 'whatIf': {
        const whatIf = await this.#wishes.whatIf(message, this.#disk.map);
        if (whatIf === undefined) {
          this.#services.log.warn(`picture of ${vmKey(this.ref)}: nothing to show of ${message.action}`);
          return;
        }
        this.#send(whatIf);
        this.#settleSoon();
        return;
      }
      case 'agree':
        this.#send({ kind: 'noWhatIf' });
        await this.#wishes.agree(message);
        return;
      case 'throwAway':
        this.#send({ kind: 'noWhatIf' });
        await this.#wishes.throwAway(message);
        return;
      case 'leaveWhatIf':
        return;
      case 'disk':
        this.#disk.choose(message.disk);
        this.#keep();
        this.#update();
        return;
      case 'refresh':
        this.#disk.markStale();
        this.#read();
        return;
      case 'export':
        await this.#wishes.save(message);
        return;
      case 'settled':
        if (message.number === this.#number) {
          this.#settled.fire();
        }
        return;
      case 'failed':
        throw new Error(message.message);
    }
  }

  #begin(): void {
    this.#isReady = true;
    this.#sent = '';
    this.#disk.markStale();
    this.#keep();
    this.#update();
  }

  #keep(): void {
    const { connection, uuid } = this.ref;
    const { chosen } = this.#disk;
    const kept = { connection, uuid, ...(chosen === undefined ? {} : { disk: chosen }) };
    this.#send({ kind: 'start', sentences: this.#services.sentences, language: vscode.env.language, kept });
  }

  #stopTimers(): void {
    clearTimeout(this.#gathering);
    clearInterval(this.#aging);
    this.#gathering = undefined;
    this.#aging = undefined;
  }
}

// The display of one VM in a tab: its VNC server by the engine, its page by messages, no port between. What it does
// not show it does not read: a hidden tab is not connected.
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import { displayLine } from '../../domain/plainText.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { type LineNote, LineSession } from '../../engine/lineSession.js';
import type { VmView } from '../../live/views.js';
import { displayPanelType } from '../../manifest/viewIds.js';
import { displayStatus, unreachedDisplay } from '../../text/guests/displayText.js';
import { PagePanel } from '../pagePanel.js';
import type { FromDisplay, ToDisplay } from './displayMessages.js';
import { htmlText } from '../../text/html.js';

/** The page draws them when it comes to it: so many are on their way at most. */
const mostUntaken = 4 * 1024 * 1024;
const mostTyped = 4_096;
const mostCopied = 1024 * 1024;

interface DisplayPanelOptions {
  readonly engine: EnginePort;
  readonly folder: vscode.Uri;
  readonly onEnd: () => void;
  readonly onBroken: (error: unknown) => void;
}

export class DisplayPanel implements Disposable {
  readonly #engine: EnginePort;
  readonly #view: VmView;
  readonly #onBroken: (error: unknown) => void;
  readonly #panel: PagePanel;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  #state: LineNote['kind'] | 'shown' | undefined;
  #session: LineSession | undefined;
  #untaken = 0;
  #taken: (() => void) | undefined;

  constructor(view: VmView, { engine, folder, onEnd, onBroken }: DisplayPanelOptions) {
    this.#engine = engine;
    this.#view = view;
    this.#onBroken = onBroken;
    this.#panel = new PagePanel({
      type: displayPanelType,
      title: t('{0} display', displayLine(view.vm.name, 60)),
      folder,
      onLook: () => !this.#panel.visible && this.#hangUp(),
      onEnd: () => {
        this.#hangUp();
        this.#changed.dispose();
        onEnd();
      },
    });
    this.#panel.onMessage((message) => void this.#take(message as FromDisplay).catch(onBroken));
    this.#panel.draw((nonce) => displayPage(displayLine(view.vm.name, 60), this.#panel, folder, nonce));
  }

  /** What became of the connection last; `shown`: the page has a picture of it. */
  get state(): LineNote['kind'] | 'shown' | undefined {
    return this.#state;
  }

  /** What failed while it was seen is tried again. */
  show(): void {
    if (this.#panel.visible && (this.#session === undefined || this.#state === 'failed')) {
      this.#dial();
    }
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  /** A page that is shown again begins anew. */
  #dial(): void {
    this.#hangUp();
    const session = new LineSession(
      this.#engine,
      this.#view.ref,
      {
        write: (bytes) => this.#show(bytes),
        note: (note) => void this.#note(note).catch(this.#onBroken),
      },
      { line: 'displayOf' },
    );
    this.#session = session;
    session.run().catch(this.#onBroken);
  }

  #hangUp(): void {
    this.#session?.dispose();
    this.#session = undefined;
    this.#untaken = 0;
    this.#taken?.();
  }

  async #note(note: LineNote): Promise<void> {
    const status = displayStatus(note, this.#view.vm.name);
    if (status === undefined) {
      this.#untaken = 0;
    }
    await this.#send(status === undefined ? { kind: 'open' } : { kind: 'wait', why: status });
    this.#become(note.kind);
  }

  async #show(bytes: Uint8Array): Promise<void> {
    this.#untaken += bytes.length;
    // The editor sends a Buffer as an object with a property for each byte.
    await this.#send({ kind: 'bytes', bytes: new Uint8Array(bytes) });
    if (this.#untaken > mostUntaken) {
      await new Promise<void>((resolve) => (this.#taken = resolve));
    }
  }

  async #take(message: FromDisplay): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.#dial();
        break;
      case 'bytes':
        if (message.bytes instanceof Uint8Array) {
          this.#session?.write(message.bytes);
        }
        break;
      case 'taken':
        this.#untaken = Math.max(0, this.#untaken - message.count);
        if (this.#untaken <= mostUntaken) {
          this.#taken?.();
          this.#taken = undefined;
        }
        break;
      case 'password':
        await this.#sendPassword();
        break;
      case 'paste':
        await this.#send({ kind: 'type', text: (await vscode.env.clipboard.readText()).slice(0, mostTyped) });
        break;
      case 'copy':
        await vscode.env.clipboard.writeText(message.text.slice(0, mostCopied));
        break;
      case 'screenshot':
        await vscode.commands.executeCommand('virtRewind.showScreenshot', {
          vm: this.#view.vm.name,
          connection: this.#view.ref.connection,
        });
        break;
      case 'refused':
        await this.#refuse(message.why);
        break;
      case 'shown':
        this.#become('shown');
        break;
    }
  }

  async #sendPassword(): Promise<void> {
    const password = await this.#engine.guests.displayPasswordOf(this.#view.ref).catch(() => undefined);
    if (password === undefined) {
      await this.#refuse(t('its password is unknown'));
    } else {
      await this.#send({ kind: 'password', password });
    }
  }

  async #refuse(why: string): Promise<void> {
    this.#hangUp();
    await this.#send({ kind: 'wait', why: unreachedDisplay(this.#view.vm.name, why) });
  }

  #become(state: LineNote['kind'] | 'shown'): void {
    this.#state = state;
    this.#changed.fire();
  }

  async #send(message: ToDisplay): Promise<void> {
    if (!this.#panel.store.isDisposed) {
      await this.#panel.send(message);
    }
  }
}

/** The document of a display's tab. */
function displayPage(vm: string, panel: PagePanel, folder: vscode.Uri, nonce: string): string {
  const address = (name: string): string => panel.addressOf(vscode.Uri.joinPath(folder, name));
  // noVNC makes images of what it gets.
  const policy = `default-src 'none'; style-src ${panel.source}; img-src data: blob:; script-src 'nonce-${nonce}'`;
  const button = (id: string, text: string): string => `<button id="${id}" type="button">${htmlText(text)}</button>`;
  return `<!DOCTYPE html>
<html lang="${t('en')}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Virt Rewind</title>
<link rel="stylesheet" href="${address('display.css')}">
</head>
<body>
<main>
<div id="bar" role="toolbar" aria-label="${htmlText(t('Display'))}">
<h1>${htmlText(vm)}</h1>
${button('keys', t('Send Ctrl+Alt+Del'))}
${button('paste', t('Type Clipboard'))}
${button('copy', t('Copy From Guest'))}
${button('fit', t('Fit'))}
${button('viewOnly', t('View Only'))}
${button('screenshot', t('Show Screenshot'))}
<span id="hint">${htmlText(t('Ctrl+Alt+G leaves the display'))}</span>
</div>
<p id="status" role="status"></p>
<div id="screen"></div>
</main>
<script type="module" nonce="${nonce}" src="${address('display.js')}"></script>
</body>
</html>`;
}

// The serial console of one VM in a terminal: what the guest says, and what happens to it in bands between.
import { setTimeout as wait } from 'node:timers/promises';
import { t } from '@vscode/l10n';
import { type LineNote, LineSession } from '../../engine/lineSession.js';
import type { EnginePort } from '../../engine/enginePort.js';
import type { Disposable } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import type { VmView } from '../../live/views.js';
import { consoleLines } from '../../text/guests/consoleText.js';
import { GuestOutput } from '../../text/guests/guestOutput.js';
import { band, type OwnTerminal, showTerminal } from './terminals.js';

/**
 * A terminal takes what it is given at once, and draws it later: a guest that floods it is read no faster than this.
 */
const bytesPerMs = 4_096;
const bell = '\u0007';

export class ConsoleTerminal implements Disposable {
  readonly #shown = new Emitter<string>();
  /** Each piece that is shown, from the guest or from us. */
  readonly onDidShow = this.#shown.event;
  readonly #name: string;
  readonly #output = new GuestOutput();
  readonly #session: LineSession;
  readonly #terminal: OwnTerminal;
  #write: (text: string) => void = () => undefined;
  #last: LineNote['kind'] | undefined;

  /** @param onClosed somebody closed the terminal, or it was disposed; `onBroken`: a fault of ours ended it */
  constructor(
    engine: EnginePort,
    { ref, vm }: VmView,
    { onClosed, onBroken }: { readonly onClosed: () => void; readonly onBroken: (error: unknown) => void },
  ) {
    this.#name = vm.name;
    this.#session = new LineSession(engine, ref, {
      write: (bytes) => this.#show(bytes),
      note: (note) => this.#note(note),
    });
    this.#terminal = showTerminal(t('{0} console', vm.name), 'vm', {
      attach: (write) => {
        this.#write = write;
        this.#session.run().catch(onBroken);
      },
      sendInput: (text) => this.#sendInput(text),
      detach: () => {
        this.#session.dispose();
        onClosed();
      },
    });
  }

  /** What was told last. */
  get state(): LineNote['kind'] | undefined {
    return this.#last;
  }

  show(): void {
    this.#terminal.show();
  }

  dispose(): void {
    this.#session.dispose();
    this.#terminal.dispose();
  }

  #show(bytes: Uint8Array): Promise<void> | void {
    this.#put(this.#output.push(bytes));
    return bytes.length < bytesPerMs ? undefined : wait(bytes.length / bytesPerMs);
  }

  #note(note: LineNote): void {
    this.#last = note.kind;
    this.#put(consoleLines(note, this.#name).map(band).join(''));
  }

  #put(text: string): void {
    this.#write(text);
    this.#shown.fire(text);
  }

  /** What is typed where nobody reads it does not wait for who comes later. */
  #sendInput(text: string): void {
    if (this.#session.write(text)) {
      return;
    }
    if (this.#last === 'inUse' && /^t$/iu.test(text)) {
      this.#session.want('takeOver');
    } else if (text.includes('\r') && (this.#last === 'inUse' || this.#last === 'failed')) {
      this.#session.want('retry');
    } else {
      this.#write(bell);
    }
  }
}

// The consoles that are open, one for each VM. What shows them is loaded with the first.
import type { Disposable } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { type VmView, vmKey } from '../../live/views.js';
import type { VmRef } from '../../domain/vm.js';
import type { ConsoleTerminal } from './consoleTerminal.js';

export class Consoles implements Disposable {
  readonly #engine: EnginePort;
  readonly #log: Log;
  readonly #open = new Map<string, ConsoleTerminal>();
  #isDisposed = false;

  constructor(engine: EnginePort, log: Log) {
    this.#engine = engine;
    this.#log = log;
  }

  find(ref: VmRef): ConsoleTerminal | undefined {
    return this.#open.get(vmKey(ref));
  }

  /** The one that is open for the VM is shown again. @param closed is told that it was closed, where this opens it */
  async show(view: VmView, closed?: () => void): Promise<void> {
    const { ConsoleTerminal: Loaded } = await import('./consoleTerminal.js');
    const key = vmKey(view.ref);
    const open = this.#open.get(key);
    if (open !== undefined) {
      open.show();
      return;
    }
    const terminal = new Loaded(this.#engine, view, {
      onClosed: () => {
        this.#open.delete(key);
        closed?.();
      },
      onBroken: (error) => this.#log.error(`the console of ${view.vm.name}: ${String(error)}`),
    });
    this.#open.set(key, terminal);
    if (this.#isDisposed) {
      terminal.dispose();
    }
  }

  dispose(): void {
    this.#isDisposed = true;
    [...this.#open.values()].forEach((terminal) => terminal.dispose());
  }
}

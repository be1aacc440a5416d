// The displays that are open, one tab for each VM. What shows them is loaded with the first.
import type * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { type VmView, vmKey } from '../../live/views.js';
import type { DisplayPanel } from './displayPanel.js';

export class Displays implements Disposable {
  readonly #engine: EnginePort;
  readonly #folder: vscode.Uri;
  readonly #log: Log;
  readonly #open = new Map<string, DisplayPanel>();

  /** @param folder of the page's files */
  constructor(engine: EnginePort, folder: vscode.Uri, log: Log) {
    this.#engine = engine;
    this.#folder = folder;
    this.#log = log;
  }

  /** The one that is open for the VM is shown again. */
  async show(view: VmView): Promise<DisplayPanel> {
    const { DisplayPanel: Loaded } = await import('./displayPanel.js');
    const key = vmKey(view.ref);
    const before = this.#open.get(key);
    if (before !== undefined) {
      before.show();
      return before;
    }
    const panel = new Loaded(view, {
      engine: this.#engine,
      folder: this.#folder,
      onEnd: () => this.#open.delete(key),
      onBroken: (error) => this.#log.error(`the display of ${view.vm.name}: ${String(error)}`),
    });
    this.#open.set(key, panel);
    return panel;
  }

  dispose(): void {
    [...this.#open.values()].forEach((panel) => panel.dispose());
  }
}

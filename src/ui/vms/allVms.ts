// The one tab with all VMs, opened when it is asked for: what draws it is loaded then.
import type { Disposable } from '../../base/disposable.js';
import type { VmsPanel, VmsPanelOptions } from './vmsPanel.js';

export class AllVms implements Disposable {
  readonly #options: VmsPanelOptions;
  #panel: VmsPanel | undefined;

  constructor(options: VmsPanelOptions) {
    this.#options = options;
  }

  async show(): Promise<void> {
    const { VmsPanel } = await import('./vmsPanel.js');
    if (this.#panel === undefined) {
      this.#panel = new VmsPanel(this.#options, () => (this.#panel = undefined));
    } else {
      this.#panel.reveal();
    }
  }

  dispose(): void {
    this.#panel?.dispose();
  }
}

// The pages of Check Health: one tab for each name, opened when it is asked for. What draws them is
// loaded then.
import type { Disposable } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import type { VmRef } from '../../domain/vm.js';
import type { ProblemReport } from './problemPage.js';
import type { ProblemPanel, ProblemPanelOptions } from './problemPanel.js';

export class ProblemPages implements Disposable {
  readonly #options: ProblemPanelOptions;
  readonly #panels = new Map<string, ProblemPanel>();

  readonly #drawn = new Emitter<undefined>();
  readonly onDidDraw = this.#drawn.event;

  constructor(options: ProblemPanelOptions) {
    this.#options = options;
  }

  async open(report: ProblemReport): Promise<void> {
    const { ProblemPanel } = await import('./problemPanel.js');
    const { name } = report;
    const panel =
      this.#panels.get(name) ??
      new ProblemPanel(name, this.#options, {
        drawn: () => this.#drawn.fire(undefined),
        ended: () => this.#panels.delete(name),
      });
    this.#panels.set(name, panel);
    panel.show(report);
  }

  /** After something that is no operation, but changes what is wrong with the VM. */
  renew(ref: VmRef): void {
    for (const panel of this.#panels.values()) {
      panel.renew(ref);
    }
  }

  /** What is shown; undefined where no such tab is open. */
  html(name: string): string | undefined {
    return this.#panels.get(name)?.html;
  }

  dispose(): void {
    for (const panel of this.#panels.values()) {
      panel.dispose();
    }
    this.#drawn.dispose();
  }
}

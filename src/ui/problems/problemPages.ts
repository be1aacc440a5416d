// The pages of Check Health: one tab for each name, opened when it is asked for. What draws them is
// loaded then.
import type { Disposable } from '../../base/disposable.js';
import { Emitter } from '../../base/emitter.js';
import type { VmRef } from '../../domain/vm.js';
import { vmKey } from '../../live/views.js';
import type { ProblemReport } from './problemPage.js';
import type { ProblemPanel, ProblemPanelOptions } from './problemPanel.js';

export class ProblemPages implements Disposable {
  readonly #options: ProblemPanelOptions;
  readonly #panels = new Map<string, ProblemPanel>();
  /** The VMs whose pages are being written; undefined: all. */
  #reading: readonly (ReadonlySet<string> | undefined)[] = [];

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

  /** Whether somebody sees what is wrong with it, or is about to. */
  isSeen(ref: VmRef): boolean {
    const key = vmKey(ref);
    return (
      this.#reading.some((vms) => vms?.has(key) !== false) || [...this.#panels.values()].some((one) => one.isSeen(ref))
    );
  }

  /** While they are read, which ends with a page of them. @param vms undefined: all */
  async whileRead<T>(vms: readonly VmRef[] | undefined, read: () => Promise<T>): Promise<T> {
    const own = vms && new Set(vms.map(vmKey));
    this.#reading = [...this.#reading, own];
    try {
      return await read();
    } finally {
      this.#reading = this.#reading.toSpliced(this.#reading.indexOf(own), 1);
    }
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

// A tab with what is wrong with VMs: read again after each operation on one of them, as long as it is seen.
import { t } from '@vscode/l10n';
import type { Disposable } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import { asFailure } from '../../domain/asFailure.js';
import type { VmRef } from '../../domain/vm.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { vmKey } from '../../live/views.js';
import { problemPanelType } from '../../manifest/viewIds.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import type { ReportPart } from '../../text/problems/report.js';
import { PagePanel } from '../pagePanel.js';
import { problemLinks, problemPage, type ProblemReport } from './problemPage.js';

export interface ProblemPanelOptions {
  readonly engine: EnginePort;
  readonly log: Log;
}

interface PanelEvents {
  readonly drawn: () => void;
  readonly ended: () => void;
}

export class ProblemPanel implements Disposable {
  readonly #options: ProblemPanelOptions;
  readonly #on: PanelEvents;
  readonly #panel: PagePanel;
  #report: ProblemReport | undefined;
  /** Keys of the VMs on which something is being done. */
  #busy: ReadonlySet<string> = new Set();
  #isStale = false;
  #isReading = false;

  constructor(name: string, options: ProblemPanelOptions, on: PanelEvents) {
    this.#options = options;
    this.#on = on;
    this.#panel = new PagePanel({
      type: problemPanelType,
      title: name,
      links: problemLinks,
      onLook: () => this.#readIfStale(),
      onEnd: () => {
        this.#report = undefined;
        on.ended();
      },
    });
    this.#panel.store.add(options.engine.onDidChange(() => this.#look()));
  }

  show(report: ProblemReport): void {
    this.#report = report;
    this.#isStale = false;
    this.#busy = this.#busyVms();
    this.#draw(report.parts);
    this.#panel.reveal();
  }

  isSeen(ref: VmRef): boolean {
    return this.#panel.visible && this.#isAbout(ref);
  }

  #isAbout(ref: VmRef): boolean {
    return this.#report?.vms.some((one) => vmKey(one) === vmKey(ref)) === true;
  }

  renew(ref: VmRef): void {
    if (this.#isAbout(ref)) {
      this.#isStale = true;
      this.#readIfStale();
    }
  }

  get html(): string {
    return this.#panel.html;
  }

  dispose(): void {
    this.#panel.dispose();
  }

  #busyVms(): ReadonlySet<string> {
    const { engine } = this.#options;
    const busy = this.#report?.vms.filter((ref) => engine.findVm(ref)?.operation !== undefined) ?? [];
    return new Set(busy.map(vmKey));
  }

  #look(): void {
    const before = this.#busy;
    this.#busy = this.#busyVms();
    this.#isStale ||= [...before].some((key) => !this.#busy.has(key));
    this.#readIfStale();
  }

  #readIfStale(): void {
    if (this.#isStale && !this.#isReading && this.#panel.visible) {
      this.#isReading = true;
      void this.#readAgain().finally(() => {
        this.#isReading = false;
        this.#readIfStale();
      });
    }
  }

  /** Never rejects: what cannot be read says so in the place of what was. */
  async #readAgain(): Promise<void> {
    const report = this.#report;
    this.#isStale = false;
    const parts = await report?.readAgain().catch((error: unknown): readonly ReportPart[] => {
      const text = failureMessage(asFailure(error));
      this.#options.log.warn(`${report.name} cannot be read again: ${text}`);
      return [
        { kind: 'heading', level: 1, text: report.name },
        { kind: 'text', lead: t('Not checked'), text },
      ];
    });
    // Somebody may have closed it meanwhile, or asked for it anew.
    if (parts !== undefined && report === this.#report) {
      this.#draw(parts);
    }
  }

  #draw(parts: readonly ReportPart[]): void {
    const report = this.#report;
    if (report !== undefined && this.#panel.draw((nonce) => problemPage(report, parts, nonce))) {
      this.#on.drawn();
    }
  }
}

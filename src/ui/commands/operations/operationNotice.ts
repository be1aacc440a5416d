// The notification of an operation that takes a while: what it waits for, how far it is, and Cancel where it helps.
import { t } from '@vscode/l10n';
import type { EnginePort } from '../../../engine/enginePort.js';
import { checkStep } from '../../../engine/leases/operationStatus.js';
import type { RunningRequest } from '../../../session/carryOut.js';
import { DisposableStore, toDisposable } from '../../../base/disposable.js';
import type { VmTurn } from '../../../domain/operation.js';
import { requestWords } from '../../../text/operations/operationProgress.js';
import { notifyProgress } from '../../prompts/notify.js';
import { percent, progressText } from '../../../text/operations/progressText.js';

/** Shorter operations show in the view only. */
const quietMs = 1_000;
const tickMs = 1_000;

interface OpenNotice {
  readonly cancellable: boolean;
  readonly report: (message: string, percentNow?: number) => void;
  readonly close: () => void;
}

/**
 * | state                        | notification | Cancel                     |
 * |------------------------------|--------------|----------------------------|
 * | waits for its turn           | at once      | yes: nothing has begun     |
 * | runs, younger than a second  | none         | –                          |
 * | looks                        | yes          | yes: a wish is kept        |
 * | runs                         | yes          | where libvirt can cancel   |
 */
export class OperationNotice {
  readonly #store = new DisposableStore();
  #waitsFor: VmTurn | undefined;
  #notice: OpenNotice | undefined;
  readonly #begunAt = Date.now();

  constructor(
    private readonly engine: EnginePort,
    private readonly running: RunningRequest,
    private readonly title: string,
  ) {
    const timer = setInterval(() => this.#update(), tickMs);
    this.#store.add(toDisposable(() => clearInterval(timer)));
    this.#store.add(engine.onDidChange(() => this.#update()));
  }

  waitFor(other: VmTurn): void {
    this.#waitsFor = other;
    this.#update();
  }

  dispose(): void {
    this.#store.dispose();
    this.#notice?.close();
    this.#notice = undefined;
  }

  #update(): void {
    const { request } = this.running;
    const operation = this.engine.findVm(request.vm)?.operation;
    if (operation?.request !== request) {
      if (this.#waitsFor !== undefined) {
        this.#show(true, t('waiting for: {0}', requestWords(this.engine, this.#waitsFor)));
      }
      return;
    }
    this.#waitsFor = undefined;
    const { cancellable, fraction, step } = operation.progress;
    if (this.#notice !== undefined || Date.now() - this.#begunAt >= quietMs) {
      const text = progressText(operation.progress, Date.now() - operation.startedAt);
      this.#show(cancellable || step === checkStep, text, fraction === undefined ? undefined : percent(fraction));
    }
  }

  /** Whether there is a Cancel button is fixed when a notification opens, so that a change needs a new one. */
  #show(cancellable: boolean, message: string, percentNow?: number): void {
    if (this.#notice?.cancellable !== cancellable) {
      this.#notice?.close();
      this.#notice = this.#open(cancellable);
    }
    this.#notice.report(message, percentNow);
  }

  #open(cancellable: boolean): OpenNotice {
    let close = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    let latest: (() => void) | undefined;
    let send: OpenNotice['report'] | undefined;
    let reported = 0;
    void notifyProgress(this.title, cancellable, (report, token) => {
      this.#store.add(token.onCancellationRequested(() => this.running.cancel()));
      send = (message, percentNow) => {
        const increment = percentNow === undefined ? 0 : Math.max(0, percentNow - reported);
        reported += increment;
        report(message, increment > 0 ? increment : undefined);
      };
      latest?.();
      return closed;
    });
    return {
      cancellable,
      report: (message, percentNow) => {
        // The editor begins the notification a little later; what was said until then is kept.
        latest = () => send?.(message, percentNow);
        latest();
      },
      close,
    };
  }
}

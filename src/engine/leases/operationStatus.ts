// Shows in the picture how far an operation is. It refuses to know what the operation does.
import type { VmTurn, Progress } from '../../domain/operation.js';
import type { Clock } from '../../base/clock.js';
import type { Store } from '../../live/store.js';
import type { RunningOperation } from '../../live/views.js';

/** Between two changes of the fraction alone: people see no more, and each change redraws a row. */
const fractionMs = 250;

/** What an operation is at, as `Progress.step`: one of these, or the `do` of a step of its plan. */
export const checkStep = 'check';
export const readBackStep = 'readBack';

export class OperationStatus {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #request: VmTurn;
  readonly #does: RunningOperation['does'];
  readonly #startedAt: number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #progress: Progress = { step: checkStep, cancellable: false };

  constructor(store: Store, clock: Clock, request: VmTurn, does?: RunningOperation['does']) {
    this.#store = store;
    this.#clock = clock;
    this.#request = request;
    this.#does = does;
    this.#startedAt = clock.now();
    this.#show();
  }

  begin(step: string, estimateMs?: number): void {
    this.#progress = { step, cancellable: false, ...(estimateMs === undefined ? {} : { estimateMs }) };
    this.#show();
  }

  /** Shown at once if it says something new beside the fraction, else at most four times a second. */
  report(news: Pick<Progress, 'fraction' | 'cancellable' | 'saved'>): void {
    const before = this.#progress;
    const urgent = news.cancellable !== before.cancellable || news.saved?.guestStopped !== before.saved?.guestStopped;
    this.#progress = { ...this.#progress, ...news };
    if (urgent || this.#clock.ticks() - this.#shownAt >= fractionMs) {
      this.#show();
    }
  }

  end(): void {
    this.#store.putVm(this.#request.vm, { operation: undefined });
  }

  #show(): void {
    this.#shownAt = this.#clock.ticks();
    const operation = {
      request: this.#request,
      startedAt: this.#startedAt,
      progress: this.#progress,
      ...(this.#does !== undefined && { does: this.#does }),
    };
    this.#store.putVm(this.#request.vm, { operation });
  }
}

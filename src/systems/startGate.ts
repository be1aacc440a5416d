// Where members wait for each other: the last one to come lets all of them go, and one that cannot come lets none.
import { Failure } from '../domain/failure.js';
import { isHalfWay } from './memberEnds.js';

const waiting = 'wait for the other members';

/** Without those that only waited in vain. */
export function withoutWaiters(failures: ReadonlyMap<string, Failure>): ReadonlyMap<string, Failure> {
  return new Map([...failures].filter(([, one]) => one.details.doing !== waiting || isHalfWay(one)));
}

export class StartGate {
  #missing: number;
  readonly #beforeOpen: (() => Promise<unknown>) | undefined;
  #open: () => void = () => undefined;
  #fail: (failure: Failure) => void = () => undefined;
  readonly #all = new Promise<void>((resolve, reject) => {
    this.#open = resolve;
    this.#fail = reject;
  });

  /** @param beforeOpen when the last one has come */
  constructor(count: number, beforeOpen?: () => Promise<unknown>) {
    this.#missing = count;
    this.#beforeOpen = beforeOpen;
    // Nobody may be waiting when one fails.
    this.#all.catch(() => undefined);
  }

  pass(): Promise<void> {
    this.#missing -= 1;
    if (this.#missing === 0) {
      void (this.#beforeOpen?.() ?? Promise.resolve()).then(this.#open, this.#fail);
    }
    return this.#all;
  }

  shut(failure = new Failure('cancelled', { doing: waiting, byUs: true })): void {
    this.#fail(failure);
  }
}

// The one moment at which the members of a system are saved: it comes when all are ready for it, no state is kept
// before all are paused, and each that is saved goes on.
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import { Failure } from '../domain/failure.js';
import type { RunOperationOptions } from '../engine/operationRunner.js';
import { StartGate } from './startGate.js';

type CommonMoment = NonNullable<RunOperationOptions['moment']>;

interface MomentOptions {
  /** How many members take part, and how many of them run. */
  readonly members: number;
  readonly running: number;
  readonly clock: Clock;
  /** When all are ready, before the first is paused. */
  readonly onReady: (at: number) => Promise<void>;
}

/** That a member waits for the others to be paused: one that cannot be would hold all for ever. */
const longestPauseMs = 30_000;
const doing = 'save a VM at the moment of the others';

/**
 * | a member    | ready                        | paused                  |
 * |-------------|------------------------------|-------------------------|
 * | runs        | when nothing but its pause is left to do | before its state is kept |
 * | any other   | when it is saved             | no                      |
 */
export class SystemMoment {
  readonly #ready: StartGate;
  readonly #paused: StartGate;
  readonly #clock: Clock;
  #limit: Disposable | undefined;
  readonly #told: number[] = [];
  readonly #over: number[] = [];

  constructor({ members, running, clock, onReady }: MomentOptions) {
    this.#clock = clock;
    this.#ready = new StartGate(members, () => onReady(clock.now()));
    this.#paused = new StartGate(running);
  }

  /** Between the first of them that was told and the last that was paused: no two moments lie farther apart. */
  get spreadMs(): number {
    return Math.max(...this.#over) - Math.min(...this.#told);
  }

  /** Has a member take its part. Where it cannot, nobody does. @throws Failure */
  async saving<T>(runs: boolean, save: (moment?: CommonMoment) => Promise<T>): Promise<T> {
    const paused: true[] = [];
    const moment: CommonMoment = {
      whenReady: async () => {
        await this.#ready.pass();
        this.#told.push(this.#clock.ticks());
      },
      whenPaused: async () => {
        paused.push(true);
        this.#over.push(this.#clock.ticks());
        this.#limit ??= this.#clock.setTimer(longestPauseMs, () => this.shut(new Failure('failed', { doing })));
        try {
          await this.#paused.pass();
        } finally {
          this.#limit.dispose();
        }
      },
    };
    try {
      const saved = await (runs ? save(moment) : save());
      if (!runs) {
        this.#ready.pass().catch(() => undefined);
      } else if (paused.length === 0) {
        throw new Failure('failed', { doing });
      }
      return saved;
    } catch (error) {
      this.shut();
      throw error;
    }
  }

  shut(failure?: Failure): void {
    this.#ready.shut(failure);
    this.#paused.shut(failure);
  }
}

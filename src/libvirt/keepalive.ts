// Decides when a silent peer is asked for a sign of life, and when it is taken for dead (virkeepalive.c does the same).
// A tick that comes late says that this process was busy, not that the peer is silent: it does not count.

export interface KeepaliveOptions {
  readonly intervalMs: number;
  /** Pings in a row that may stay without any packet from the peer before people are told that it is silent. */
  readonly silent: number;
  /** The same before it is taken for dead: a daemon on a busy computer must not lose what it is in the middle of. */
  readonly count: number;
}

export const defaultKeepalive: KeepaliveOptions = { intervalMs: 2_000, silent: 2, count: 16 };

/**
 * | since the last tick         | unanswered pings | verdict |
 * |-----------------------------|------------------|---------|
 * | more than 1.5 intervals     | any              | ping, not counted |
 * | at most that                | below `silent`   | ping, counted     |
 * | at most that                | below `count`    | ping, counted, and silent |
 * | at most that                | `count`          | dead    |
 */
export class SilenceCounter {
  #unanswered = 0;
  #lastTick: number;

  constructor(
    readonly options: KeepaliveOptions,
    now: number,
  ) {
    this.#lastTick = now;
  }

  /** Any whole packet is a sign of life. True if it was silent before. */
  endSilence(): boolean {
    const wasSilent = this.isSilent;
    this.#unanswered = 0;
    return wasSilent;
  }

  get isSilent(): boolean {
    return this.#unanswered > this.options.silent;
  }

  tick(now: number): 'ping' | 'dead' {
    const late = now - this.#lastTick > this.options.intervalMs * 1.5;
    this.#lastTick = now;
    if (late) {
      return 'ping';
    }
    if (this.#unanswered >= this.options.count) {
      return 'dead';
    }
    this.#unanswered += 1;
    return 'ping';
  }
}

/** Ticks while somebody waits for the peer, and costs nothing otherwise. */
export class Keepalive {
  #timer: NodeJS.Timeout | undefined;
  #silence: SilenceCounter | undefined;

  constructor(
    readonly options: KeepaliveOptions,
    readonly ping: () => void,
    readonly onDead: () => void,
    /** It fell silent, or was heard again. */
    readonly onSilence: (isSilent: boolean) => void,
  ) {}

  start(): void {
    if (this.#timer !== undefined) {
      return;
    }
    const silence = new SilenceCounter(this.options, performance.now());
    this.#silence = silence;
    this.#timer = setInterval(() => {
      const wasSilent = silence.isSilent;
      if (silence.tick(performance.now()) === 'dead') {
        this.stop();
        this.onDead();
        return;
      }
      this.ping();
      if (silence.isSilent && !wasSilent) {
        this.onSilence(true);
      }
    }, this.options.intervalMs);
  }

  noteLife(): void {
    if (this.#silence?.endSilence() === true) {
      this.onSilence(false);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#silence = undefined;
  }
}

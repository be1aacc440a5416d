// Decides when a silent peer is asked for a sign of life, and when it is taken for dead (virkeepalive.c does the same).
// A tick that comes late says that this process was busy, not that the peer is silent: it does not count.

export interface KeepaliveOptions {
  readonly intervalMs: number;
  /** Pings in a row that may stay without any packet from the peer. */
  readonly count: number;
}

export const defaultKeepalive: KeepaliveOptions = { intervalMs: 5_000, count: 6 };

/**
 * | since the last tick         | unanswered pings | verdict |
 * |-----------------------------|------------------|---------|
 * | more than 1.5 intervals     | any              | ping, not counted |
 * | at most that                | below `count`    | ping, counted     |
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

  /** Any whole packet is a sign of life. */
  heard(): void {
    this.#unanswered = 0;
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
  ) {}

  start(): void {
    if (this.#timer !== undefined) {
      return;
    }
    const silence = new SilenceCounter(this.options, performance.now());
    this.#silence = silence;
    this.#timer = setInterval(() => {
      if (silence.tick(performance.now()) === 'dead') {
        this.stop();
        this.onDead();
      } else {
        this.ping();
      }
    }, this.options.intervalMs);
  }

  heard(): void {
    this.#silence?.heard();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#silence = undefined;
  }
}

// The restore points whose files somebody looks at: opened once, closed when nobody has looked for a while.
import type { Clock } from '../../../base/clock.js';
import type { Disposable } from '../../../base/disposable.js';
import type { GuestDisks } from '../guestFiles.js';
import { insideFailure } from '../insideFailure.js';

const idleMs = 60_000;

interface OpenPoint {
  readonly disks: Promise<GuestDisks>;
  readonly stop: AbortController;
  /** Somebody closed it; a point that could not be opened has a reason of its own. */
  isClosed: boolean;
  users: number;
  timer?: Disposable;
}

export class OpenPoints {
  readonly #points = new Map<string, OpenPoint>();

  constructor(private readonly clock: Clock) {}

  async with<T>(
    key: string,
    open: (signal: AbortSignal) => Promise<GuestDisks>,
    use: (disks: GuestDisks) => Promise<T>,
  ): Promise<T> {
    const point = this.#points.get(key) ?? this.#open(key, open);
    point.timer?.dispose();
    point.users += 1;
    try {
      return await use(await point.disks);
    } catch (error) {
      throw point.isClosed ? insideFailure('changed') : error;
    } finally {
      point.users -= 1;
      if (point.users === 0 && this.#points.get(key) === point) {
        point.timer = this.clock.setTimer(idleMs, () => this.close(key));
      }
    }
  }

  /** What is read meanwhile ends with an error. */
  close(key: string): void {
    const point = this.#points.get(key);
    if (point !== undefined) {
      point.isClosed = true;
      this.#drop(key, point);
    }
  }

  #drop(key: string, point: OpenPoint): void {
    if (this.#points.get(key) === point) {
      this.#points.delete(key);
    }
    point.timer?.dispose();
    point.stop.abort();
  }

  dispose(): void {
    [...this.#points.keys()].forEach((key) => this.close(key));
  }

  #open(key: string, open: (signal: AbortSignal) => Promise<GuestDisks>): OpenPoint {
    const stop = new AbortController();
    const point: OpenPoint = { disks: open(stop.signal), stop, isClosed: false, users: 0 };
    this.#points.set(key, point);
    // The next one tries again.
    point.disks.catch(() => this.#drop(key, point));
    return point;
  }
}

// Reads the blocks of a picture's disk: one read at a time, a pause between two, and none that nobody waits for. Knows
// no page and no editor.
import type { Disposable } from '../../base/disposable.js';

/** From the start of a read to the start of the next one. */
const pauseMs = 1_000;

interface ReaderHooks<Read> {
  readonly read: (disk: string) => Promise<Read>;
  readonly done: (read: Read) => void;
  readonly failed: (error: unknown, disk: string) => void;
  /** Milliseconds; only differences count. */
  readonly now?: () => number;
}

export class PictureReader<Read> implements Disposable {
  readonly #hooks: ReaderHooks<Read>;
  #wanted: string | undefined;
  #reading = false;
  #lastAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  /** How often nobody waited any more. */
  #stops = 0;

  constructor(hooks: ReaderHooks<Read>) {
    this.#hooks = hooks;
  }

  /** Reads this disk as soon as it may; an earlier wish that has not begun is forgotten. */
  ask(disk: string): void {
    this.#wanted = disk;
    this.#begin();
  }

  /** Nobody waits any more. What is being read is read to its end, and told to nobody. */
  stop(): void {
    this.#stops += 1;
    this.#wanted = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  dispose(): void {
    this.stop();
  }

  #begin(): void {
    if (this.#reading || this.#timer !== undefined || this.#wanted === undefined) {
      return;
    }
    const { now = () => performance.now() } = this.#hooks;
    const wait = this.#lastAt + pauseMs - now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#begin();
      }, wait);
      return;
    }
    const disk = this.#wanted;
    this.#wanted = undefined;
    this.#reading = true;
    this.#lastAt = now();
    void this.#read(disk);
  }

  async #read(disk: string): Promise<void> {
    const { read, done, failed } = this.#hooks;
    const stops = this.#stops;
    try {
      const found = await read(disk);
      if (stops === this.#stops) {
        done(found);
      }
    } catch (error) {
      if (stops === this.#stops) {
        failed(error, disk);
      }
    } finally {
      this.#reading = false;
      this.#begin();
    }
  }
}

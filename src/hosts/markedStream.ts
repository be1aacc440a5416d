// What a program says up to a line of ours: who writes what it says does not know the mark in that line.
import type { Readable } from 'node:stream';

/** Before it, a program begins a line: that line break is of no part. */
interface MarkedPart {
  /** What comes before the line with the mark; empty where somebody else has got it. */
  readonly before: Buffer;
  /** What stands in that line, behind the mark. */
  readonly rest: string;
}

interface PartWish {
  /** Gets what comes before the line, as it comes. */
  readonly onPart?: ((part: Buffer) => void) | undefined;
  /** What stands behind the line is left in the stream. */
  readonly isLast?: boolean;
}

/** More came than is kept. */
export class TooLong extends Error {
  override readonly name = 'TooLong';
}

/** Listens from its beginning on. */
export class MarkedStream {
  readonly #stream: Readable;
  readonly #mark: Buffer;
  readonly #most: number;
  #kept: Buffer = Buffer.alloc(0);
  #searched = 0;
  #end: Error | undefined;
  #look: () => void = () => undefined;

  /**
   * @param mark with a line break at its end: it is the whole line
   * @param most bytes that are kept before a mark
   */
  constructor(stream: Readable, mark: string, most: number) {
    this.#stream = stream;
    this.#mark = Buffer.from(mark);
    this.#most = most;
    stream.on('data', this.#hear).on('error', this.#fail).on('end', this.#hearEnd).on('close', this.#hearEnd);
    if (stream.destroyed || stream.readableEnded) {
      this.#hearEnd();
    } else {
      stream.resume();
    }
  }

  /** Rejects where the stream ends before, or says too much. */
  next({ onPart, isLast = false }: PartWish = {}): Promise<MarkedPart> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        const at = this.#kept.indexOf(this.#mark, this.#searched);
        const lineEnd = at < 0 ? -1 : this.#kept.indexOf('\n', at + this.#mark.length - 1);
        const isBroken = at > 0 && this.#kept[at - 1] === 0x0a;
        if (onPart !== undefined) {
          const known = at < 0 ? this.#lengthOfParts() : isBroken ? at - 1 : at;
          if (known > 0) {
            const part = this.#kept.subarray(0, known);
            this.#kept = this.#kept.subarray(known);
            this.#searched = 0;
            onPart(part);
            this.#look();
            return;
          }
        }
        if (lineEnd >= 0) {
          const before = this.#kept.subarray(0, isBroken ? at - 1 : at);
          const rest = this.#kept.toString('utf8', at + this.#mark.length, lineEnd).trim();
          this.#kept = this.#kept.subarray(lineEnd + 1);
          this.#searched = 0;
          this.#look = () => undefined;
          if (isLast) {
            this.leave();
          }
          resolve({ before, rest });
        } else if (this.#end !== undefined) {
          this.#look = () => undefined;
          reject(this.#end);
        } else {
          this.#searched = Math.max(0, at < 0 ? this.#kept.length - this.#mark.length : at);
        }
      };
      this.#look();
    });
  }

  /** What is behind the last mark is left in the stream. */
  leave(): void {
    this.#stream.off('data', this.#hear).off('error', this.#fail).off('end', this.#hearEnd).off('close', this.#hearEnd);
    this.#stream.pause();
    if (this.#kept.length > 0) {
      this.#stream.unshift(this.#kept);
    }
  }

  /** Without what may be the beginning of a line with the mark. */
  #lengthOfParts(): number {
    const lineBreak = this.#kept.lastIndexOf('\n');
    const line = this.#kept.subarray(lineBreak + 1);
    return this.#mark.subarray(0, line.length).equals(line) ? Math.max(0, lineBreak) : this.#kept.length;
  }

  readonly #hear = (chunk: Buffer | string): void => {
    this.#kept = Buffer.concat([this.#kept, Buffer.from(chunk as Buffer)]);
    this.#look();
    if (this.#kept.length > this.#most) {
      this.#fail(new TooLong(`${this.#most} bytes and no end`));
    }
  };

  readonly #fail = (error: Error): void => {
    this.#end ??= error;
    this.#look();
  };

  // A socket that closes says whether it failed, and no error.
  readonly #hearEnd = (): void => this.#fail(new Error('the connection to the host ended'));
}

// Bytes of a peer that nobody trusts → lines, each bounded: of one that is too long nothing is kept, and it is told
// once.

/** More than the longest call that a tool takes. */
const longestLine = 2 * 1024 * 1024;

export class LineBuffer {
  readonly #most: number;
  #pieces: Buffer[] = [];
  #size = 0;
  #isTooLong = false;

  constructor(most = longestLine) {
    this.#most = most;
  }

  /** The lines that end in this piece; undefined for one that is too long. */
  push(bytes: Buffer): readonly (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      this.#take(bytes.subarray(from, end));
      from = end + 1;
      if (this.#isTooLong) {
        lines.push(undefined);
      } else if (this.#size > 0) {
        lines.push(Buffer.concat(this.#pieces).toString('utf8'));
      }
      this.#clear();
      this.#isTooLong = false;
    }
    this.#take(bytes.subarray(from));
    return lines;
  }

  #take(piece: Buffer): void {
    this.#size += piece.length;
    this.#isTooLong ||= this.#size > this.#most;
    if (this.#isTooLong) {
      this.#clear();
    } else {
      this.#pieces.push(piece);
    }
  }

  #clear(): void {
    this.#pieces = [];
    this.#size = 0;
  }
}

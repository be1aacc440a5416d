// How far programs of `dd` are that run one after the other.

const mostSaid = 4_096;

/** What `dd` says, one after the other: how far it is, and in the end two lines of records and how much it was. */
export class DdCount {
  readonly #onBytes: (bytes: number) => void;
  #line = '';
  #isLast = false;
  bytes = 0;
  ended = 0;
  said = '';

  constructor(onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes;
  }

  hear(text: string): void {
    const lines = (this.#line + text).split(/[\r\n]/u);
    this.#line = (lines.pop() ?? '').slice(-mostSaid);
    for (const line of lines) {
      const own = /^(\d+) bytes? /u.exec(line)?.[1];
      if (own !== undefined) {
        this.#onBytes(this.bytes + Number(own));
        this.bytes += this.#isLast ? Number(own) : 0;
        this.ended += this.#isLast ? 1 : 0;
        this.#isLast = false;
      } else if (line.endsWith(' records out')) {
        this.#isLast = true;
      } else if (line !== '' && !line.endsWith(' records in')) {
        this.said = `${this.said}${line}\n`.slice(-mostSaid);
      }
    }
  }
}

// What a guest says on its serial console, made fit for a terminal of ours. A guest is not trusted: the sequences by
// which a program speaks to the terminal itself (titles, the clipboard, links, pictures, marks of a shell) are taken
// out; colours and the cursor stay.

/** Longer ones are noise on the line, and not what they begin as. */
const longestSequence = 65_536;

/** OSC, DCS, SOS, PM, APC as characters of their own, and as the letter behind an escape. */
const begins: ReadonlySet<string> = new Set(['\u009D', '\u0090', '\u0098', '\u009E', '\u009F']);
const beginsAfterEscape: ReadonlySet<string> = new Set([']', 'P', 'X', '^', '_']);
/** Bell, string terminator, cancel, substitute; a line end, because none of them goes over lines. */
const ends: ReadonlySet<string> = new Set(['\u0007', '\u009C', '\u0018', '\u001A', '\n']);
const escape = '\u001B';

/** The bytes of one console, in the pieces in which they come. */
export class GuestOutput {
  readonly #decoder = new TextDecoder('utf-8');
  #state: 'text' | 'escape' | 'sequence' | 'escapeInSequence' = 'text';
  #length = 0;

  /** What is to be shown of them. */
  push(bytes: Uint8Array): string {
    let shown = '';
    for (const character of this.#decoder.decode(bytes, { stream: true })) {
      shown += this.#take(character);
    }
    return shown;
  }

  #take(character: string): string {
    switch (this.#state) {
      case 'text':
        return this.#takeText(character);
      case 'escape':
        return this.#takeEscaped(character);
      case 'sequence':
        this.#length += 1;
        if (character === escape) {
          this.#state = 'escapeInSequence';
        } else if (ends.has(character) || this.#length > longestSequence) {
          this.#state = 'text';
        }
        return '';
      case 'escapeInSequence':
        this.#state = 'text';
        return character === '\\' ? '' : this.#takeEscaped(character);
    }
  }

  #takeText(character: string): string {
    if (character === escape) {
      this.#state = 'escape';
      return '';
    }
    if (begins.has(character)) {
      this.#begin();
      return '';
    }
    return character;
  }

  #takeEscaped(character: string): string {
    if (character === escape) {
      this.#state = 'escape';
      return '';
    }
    if (beginsAfterEscape.has(character)) {
      this.#begin();
      return '';
    }
    this.#state = 'text';
    return `${escape}${character}`;
  }

  #begin(): void {
    this.#state = 'sequence';
    this.#length = 0;
  }
}

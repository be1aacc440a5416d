// Where words go: answers to standard output, all else to standard error, colours and progress only where a person sees
// them. A reader that has gone is no error: what was asked for goes on to its end.
import { styleText } from 'node:util';
import { displayText } from '../domain/plainText.js';
import { type Column, tableLines, cutTo } from './table.js';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green';

const eraseLine = '\r\u001B[K';

export class Terminal {
  readonly #streams: Streams;
  readonly #hasColor: boolean;
  readonly #isQuiet: boolean;
  readonly #hasProgress: boolean;
  #isProgressShown = false;

  constructor(streams: Streams, environment: NodeJS.ProcessEnv, quiet: 'quiet' | 'usual') {
    this.#streams = streams;
    const noColor = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
    // `isTTY` is undefined for what is none.
    this.#hasColor = !noColor && (streams.stdout.isTTY as boolean | undefined) === true;
    this.#isQuiet = quiet === 'quiet';
    this.#hasProgress = !this.#isQuiet && (streams.stderr.isTTY as boolean | undefined) === true;
  }

  get stdin(): NodeJS.ReadStream {
    return this.#streams.stdin;
  }

  /** For who speaks a protocol on it. */
  get output(): NodeJS.WriteStream {
    return this.#streams.stdout;
  }

  /** Somebody is there to answer: reads what is typed, and sees what is asked. */
  get canAsk(): boolean {
    const { stdin, stderr } = this.#streams;
    return [stdin.isTTY, stderr.isTTY].every((one) => (one as boolean | undefined) === true);
  }

  /** In columns; infinite where standard output is no terminal. */
  get width(): number {
    const { stdout } = this.#streams;
    return (stdout.isTTY as boolean | undefined) === true ? Math.max(20, stdout.columns) : Number.POSITIVE_INFINITY;
  }

  /** The width of running text. */
  get textWidth(): number {
    return Math.min(100, this.width);
  }

  style(style: Style, text: string): string {
    // Whether is decided here, by the streams that were given.
    return this.#hasColor ? styleText(style, text, { validateStream: false }) : text;
  }

  /** A line, or several, of the answer. */
  say(text: string): void {
    this.#clearProgress();
    this.#streams.stdout.write(`${this.#hasColor ? text : displayText(text)}\n`);
  }

  /** As wide as the terminal; the titles stand out. */
  sayTable(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    const [head = '', ...lines] = tableLines(columns, rows, this.width);
    this.say([this.style('bold', head), ...lines].join('\n'));
  }

  /** Bytes of the answer, as they are. */
  write(bytes: Uint8Array | string): boolean {
    return this.#streams.stdout.write(bytes);
  }

  writeError(bytes: Uint8Array | string): void {
    this.#clearProgress();
    this.#streams.stderr.write(bytes);
  }

  /** To the person, beside the answer. */
  tell(text: string): void {
    this.#clearProgress();
    this.#streams.stderr.write(`${displayText(text)}\n`);
  }

  /** One line that the next one replaces. */
  progress(text: string): void {
    if (this.#hasProgress) {
      const columns = Math.max(20, this.#streams.stderr.columns || 80);
      // A line as long as the terminal would go on in the next one, which nothing erases.
      const line = cutTo(displayText(text).replaceAll('\n', ' '), columns - 1);
      this.#streams.stderr.write(`${eraseLine}${line}`);
      this.#isProgressShown = true;
    }
  }

  /** What keeps it from going on: a log without a terminal hears of that too. */
  wait(text: string): void {
    if (this.#hasProgress) {
      this.progress(text);
    } else if (!this.#isQuiet) {
      this.tell(text);
    }
  }

  #clearProgress(): void {
    if (this.#isProgressShown) {
      this.#isProgressShown = false;
      this.#streams.stderr.write(eraseLine);
    }
  }

  dispose(): void {
    this.#clearProgress();
  }
}

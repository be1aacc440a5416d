// A shell on another computer that carries out commands one after the other.
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { shellWord } from '../../base/shellWord.js';

/** As the command left it. */
export interface ShellAnswer {
  readonly code: number;
  readonly out: Buffer;
  /** On its standard error, in the C locale. */
  readonly said: string;
}

/** The connection ended before the answer: whether the command was carried out is not known. */
export class ShellEnded extends Error {
  override readonly name: string = 'ShellEnded';
  readonly code = 'ECONNRESET';
}

/** It was ended because this command had no answer. */
export class ShellSilent extends ShellEnded {
  override readonly name = 'ShellSilent';
}

interface Question {
  readonly onOut: ((part: Buffer) => void) | undefined;
  readonly resolve: (answer: ShellAnswer) => void;
  readonly reject: (error: Error) => void;
}

const mostBytes = 32 * 1024 * 1024;
const stopAgainMs = 500;
const watchedWords = 'answer watched ';

/**
 * What the shell is told first. An answer is what the command wrote, a line with our mark and its exit, and its errors:
 * nobody who writes to a file there knows the mark.
 *
 * | function | carries out                                                                        |
 * |----------|------------------------------------------------------------------------------------|
 * | answer   | a command                                                                          |
 * | watched  | a program, which ends with the connection, and when a line comes meanwhile         |
 */
function prelude(mark: string): string {
  return `exec 3>&1 4<&0
umask 077
answer() {
  said=$("$@" 2>&1 >&3 </dev/null)
  printf '\\n%s %s\\n%s\\n%s.\\n' ${mark} "$?" "$said" ${mark}
}
watched() {
  "$@" </dev/null & program=$!
  { if read -r line <&4; then kill "$program"; else kill -9 "$program"; fi; } 2>/dev/null & watch=$!
  wait "$program"; code=$?
  kill -9 "$watch"; wait "$watch" 2>/dev/null
  return "$code"
}
`;
}

export class HostShell {
  readonly #stream: Duplex;
  readonly #mark = `virt-rewind-${randomBytes(12).toString('hex')}`;
  /** That it may say nothing while a command runs that is not watched. */
  patienceMs: number;
  readonly #questions: Question[] = [];
  /** Asked while a program is watched, which any line would end. */
  readonly #later: string[] = [];
  #heard: Buffer = Buffer.alloc(0);
  #end: Error | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param stream to a shell of POSIX that reads commands
   */
  constructor(stream: Duplex, patienceMs: number) {
    this.#stream = stream;
    this.patienceMs = patienceMs;
    stream.on('data', (chunk: Buffer) => this.#hear(chunk));
    stream.once('error', (error) => this.#finish(new ShellEnded(error.message, { cause: error })));
    stream.once('close', () => this.#finish(new ShellEnded('the connection ended')));
    stream.once('end', () => this.#finish(new ShellEnded('the shell ended')));
    stream.write(prelude(this.#mark));
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  get isIdle(): boolean {
    return this.isOpen && this.#questions.length === 0;
  }

  /** Several may be asked at once; they are answered in their order. Rejects with ShellEnded. */
  ask(words: readonly string[]): Promise<ShellAnswer> {
    return this.#put(`answer ${words.map(shellWord).join(' ')}`);
  }

  /**
   * A program, the first of the words, for as long as it takes: it ends when the signal is aborted. What is asked
   * meanwhile waits for its end.
   */
  async watch(words: readonly string[], signal: AbortSignal, onOut: (part: Buffer) => void): Promise<ShellAnswer> {
    let again: NodeJS.Timeout | undefined;
    const stop = (): void => {
      this.tell(':');
      // The shell may have read the first one together with the command.
      again = setTimeout(stop, stopAgainMs);
    };
    const answer = this.#put(`${watchedWords}${words.map(shellWord).join(' ')}`, onOut);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await answer;
    } finally {
      clearTimeout(again);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Has no answer: for what the shell does to itself. */
  tell(line: string): void {
    if (this.isOpen) {
      this.#stream.write(`${line}\n`);
    }
  }

  /** However it ends. */
  onEnd(then: () => void): void {
    this.#stream.once('close', then);
  }

  close(): void {
    this.#finish(new ShellEnded('closed'));
  }

  #put(line: string, onOut?: (part: Buffer) => void): Promise<ShellAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end);
      } else if (line.includes('\0')) {
        reject(Object.assign(new Error('no shell can be told a NUL'), { code: 'EINVAL' }));
      } else {
        const isWatching = this.#questions.some((one) => one.onOut !== undefined);
        this.#questions.push({ onOut, resolve, reject });
        if (isWatching) {
          this.#later.push(line);
        } else {
          this.#stream.write(`${line}\n`);
        }
        this.#wait();
      }
    });
  }

  /** Anything it says is a sign of life: what is long comes in parts. */
  #wait(): void {
    clearTimeout(this.#timer);
    const [first] = this.#questions;
    if (first !== undefined && first.onOut === undefined) {
      this.#timer = setTimeout(() => {
        this.#questions.shift();
        this.#finish(new ShellEnded('the shell gave no answer to another command'));
        first.reject(new ShellSilent(`no answer in ${this.patienceMs} ms`));
      }, this.patienceMs);
    }
  }

  #hear(chunk: Buffer): void {
    this.#heard = Buffer.concat([this.#heard, chunk]);
    for (let [question] = this.#questions; question !== undefined; [question] = this.#questions) {
      const end = `\n${this.#mark}.\n`;
      const at = this.#heard.indexOf(`\n${this.#mark} `);
      const endsAt = at < 0 ? -1 : this.#heard.indexOf(end, at);
      if (at < 0) {
        question.onOut?.(chunk);
      }
      if (endsAt < 0) {
        if (this.#heard.length > mostBytes) {
          this.#finish(new ShellEnded(`an answer of more than ${mostBytes} bytes`));
        }
        break;
      }
      const [code = '', ...said] = this.#heard.toString('utf8', at + this.#mark.length + 2, endsAt).split('\n');
      const out = this.#heard.subarray(0, at);
      this.#heard = this.#heard.subarray(endsAt + end.length);
      this.#questions.shift();
      question.resolve({ code: Number(code), out, said: said.join('\n') });
      if (question.onOut !== undefined) {
        this.#writeLater();
      }
    }
    this.#wait();
  }

  /** Up to the next program that is watched. */
  #writeLater(): void {
    for (let line = this.#later.shift(); line !== undefined; line = this.#later.shift()) {
      this.#stream.write(`${line}\n`);
      if (line.startsWith(watchedWords)) {
        break;
      }
    }
  }

  #finish(error: Error): void {
    if (this.#end === undefined) {
      this.#end = error;
      clearTimeout(this.#timer);
      this.#stream.destroy();
      this.#questions.splice(0).forEach(({ reject }) => reject(error));
    }
  }
}

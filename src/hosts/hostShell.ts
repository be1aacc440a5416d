// A shell on a host, this computer's or that of a login, which carries out commands one after the other. All that it
// has started ends with it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Duplex, Readable, type Writable } from 'node:stream';
import { shellWord } from '../base/shellWord.js';
import { isSameHostname } from '../base/hostname.js';
import { type HostLogin, type ShellStream } from './hostLogin.js';
import functions from './hostShell.sh';
import { MarkedStream } from './markedStream.js';

/** As the command left it. */
export interface ShellAnswer {
  readonly code: number;
  readonly out: Buffer;
  /** On its standard error, in the C locale; all that it wrote, where the command was kept or fed. */
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

interface ShellWish {
  /** A program that it reads first. */
  readonly setUp?: string;
  /** What else it must be; it is asked together with the name of the host. */
  readonly requireFit?: (shell: HostShell) => Promise<void>;
  /** Its end. */
  readonly signal?: AbortSignal;
  /** That it may say nothing while a command runs that it answers; absent: as long as it takes. */
  readonly patienceMs?: number;
}

interface Question {
  readonly line: string;
  /** It reads what comes: what is asked meanwhile waits. */
  readonly isAlone: boolean;
  readonly onBegun?: () => void;
  readonly onOut?: ((part: Buffer) => void) | undefined;
  readonly resolve: (answer: ShellAnswer) => void;
  readonly reject: (error: Error) => void;
  isWritten: boolean;
}

const mostBytes = 64 * 1024 * 1024;
const stopAgainMs = 500;

export class HostShell {
  readonly #stream: ShellStream;
  readonly #answers: MarkedStream;
  readonly #mark = `virt-rewind-${randomBytes(12).toString('hex')}`;
  readonly #questions: Question[] = [];
  readonly #stop: () => void;
  #end: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  patienceMs: number | undefined;
  /** By the host itself. */
  host = '';

  private constructor(stream: ShellStream, { setUp = '', signal, patienceMs }: ShellWish) {
    this.#stream = stream;
    this.patienceMs = patienceMs;
    this.#answers = new MarkedStream(stream, this.#mark, mostBytes);
    stream.on('data', this.#wait).on('error', this.#hearEnd).on('end', this.#hearEnd).on('close', this.#hearEnd);
    const cancel = (): void => this.#finish(new ShellEnded('cancelled'));
    signal?.addEventListener('abort', cancel);
    this.#stop = () => signal?.removeEventListener('abort', cancel);
    stream.write(`mark=${this.#mark}\n${functions}${setUp}`);
  }

  /**
   * @param login absent: this computer
   * @throws ShellEnded, also where the login leads to another host; what the login and `requireFit` throw
   */
  static async open(login: HostLogin | undefined, wish: ShellWish): Promise<HostShell> {
    const { signal, requireFit } = wish;
    signal?.throwIfAborted();
    const stream = login === undefined ? shellHere() : await login.openShell();
    if (signal?.aborted === true) {
      stream.destroy();
    }
    signal?.throwIfAborted();
    const shell = new HostShell(stream, wish);
    try {
      const [{ out }] = await Promise.all([shell.ask('uname', '-n'), requireFit?.(shell)]);
      shell.host = out.toString('utf8').trim();
      if (login !== undefined && !isSameHostname(shell.host, login.hostname)) {
        throw new ShellEnded(`the login leads to ${shell.host}, libvirt runs on ${login.hostname}`);
      }
      return shell;
    } catch (error) {
      shell.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  get isIdle(): boolean {
    return this.isOpen && this.#questions.length === 0;
  }

  /** A command. Several may be asked at once; they are answered in their order. @throws ShellEnded */
  ask(...words: readonly string[]): Promise<ShellAnswer> {
    return this.#put({ line: lineOf(['answer', ...words]) });
  }

  /** A command in the shell itself: what it opens stays open. @throws ShellEnded */
  async keep(...words: readonly string[]): Promise<ShellAnswer> {
    return asSaid(await this.#put({ line: lineOf(['keep', ...words]) }));
  }

  /** A program, for as long as it takes: it ends when the signal is aborted. @throws ShellEnded */
  async watch(words: readonly string[], signal: AbortSignal, onOut: (part: Buffer) => void): Promise<ShellAnswer> {
    let again: NodeJS.Timeout | undefined;
    const stop = (): void => {
      this.tell(':');
      // The shell may have read the first one together with the command.
      again = setTimeout(stop, stopAgainMs);
    };
    const answer = this.#put({ line: lineOf(['answer', 'watched', ...words]), isAlone: true, onOut });
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await answer;
    } finally {
      clearTimeout(again);
      signal.removeEventListener('abort', stop);
    }
  }

  /**
   * Commands that read what a program writes that `send` gives the shell's input to, and exactly that: else it fails.
   * A shell whose commands fail ends, for it would take the rest for commands.
   *
   * @throws ShellEnded; what `send` throws
   */
  async feed(
    commands: readonly (readonly string[])[],
    send: (input: Writable, stop: AbortSignal) => Promise<void>,
  ): Promise<ShellAnswer> {
    const line = `{ say_begun; (\n${commands.map(lineOf).join('')}) 2>&1; say_fed "$?"; }\n`;
    const stop = new AbortController();
    let isWhole = false;
    try {
      let onBegun: () => void = () => undefined;
      const begun = new Promise<void>((resolve) => (onBegun = resolve));
      const answer = this.#put({ line, isAlone: true, onBegun });
      // Then all before is read, and what a program writes comes behind it.
      await Promise.race([begun, answer]);
      const sent = send(this.#stream.input, stop.signal);
      // Where one of the two has failed, the other one would wait.
      sent.catch(() => undefined);
      answer.catch(() => undefined);
      await Promise.race([sent, answer.then(({ code }) => (code === 0 ? sent : undefined))]);
      const told = asSaid(await answer);
      isWhole = told.code === 0;
      return told;
    } finally {
      stop.abort();
      if (!isWhole) {
        this.close();
      }
    }
  }

  /**
   * Commands take the place of this shell: from now on, all in the stream is of them or for them. What is written to it
   * before they say something may be lost: the shell may read it together with them.
   */
  become(commands: readonly (readonly string[])[]): ShellStream {
    this.#stream.write(`{\n${commands.map(lineOf).join('')}exit; }\n`);
    this.#answers.leave();
    return this.#stream.off('data', this.#wait).off('end', this.#hearEnd);
  }

  /** Has no answer: for what the shell does to itself. */
  tell(...words: readonly string[]): void {
    if (this.isOpen) {
      this.#stream.write(lineOf(words));
    }
  }

  /** However it ends. */
  onEnd(then: () => void): void {
    this.#stream.once('close', then);
  }

  close(): void {
    this.#finish(new ShellEnded('closed'));
  }

  #put(asked: Pick<Question, 'line'> & Partial<Question>): Promise<ShellAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end);
      } else if (asked.line.includes('\0')) {
        reject(Object.assign(new Error('no shell can be told a NUL'), { code: 'EINVAL' }));
      } else {
        this.#questions.push({ isAlone: false, isWritten: false, ...asked, resolve, reject });
        this.#write();
        if (this.#questions.length === 1) {
          void this.#hear();
        }
      }
    });
  }

  /** Up to one that is alone. */
  #write(): void {
    for (const question of this.#questions) {
      if (!question.isWritten) {
        question.isWritten = true;
        this.#stream.write(question.line);
      }
      if (question.isAlone) {
        break;
      }
    }
  }

  async #hear(): Promise<void> {
    try {
      for (let [question] = this.#questions; question !== undefined; [question] = this.#questions) {
        this.#wait();
        if (question.onBegun !== undefined) {
          await this.#answers.next();
          question.onBegun();
        }
        const { before: out, rest: code } = await this.#answers.next({ onPart: question.onOut });
        const { before: said } = await this.#answers.next();
        this.#questions.shift();
        question.resolve({ code: Number(code), out, said: said.toString('utf8') });
        this.#write();
      }
      clearTimeout(this.#timer);
    } catch (error) {
      this.#finish(new ShellEnded((error as Error).message, { cause: error }));
    }
  }

  /** Anything it says is a sign of life: what is long comes in parts. */
  readonly #wait = (): void => {
    clearTimeout(this.#timer);
    const [first] = this.#questions;
    if (this.patienceMs !== undefined && first !== undefined && !first.isAlone) {
      this.#timer = setTimeout(() => {
        this.#questions.shift();
        this.#finish(new ShellEnded('the shell gave no answer to another command'), 'atWork');
        first.reject(new ShellSilent(`no answer in ${this.patienceMs} ms`));
      }, this.patienceMs);
    }
  };

  /** What it has said before is heard first. */
  readonly #hearEnd = (error?: Error): void => {
    if (this.#questions.length === 0) {
      this.#finish(new ShellEnded(error?.message ?? 'the connection to the host ended', { cause: error }));
    }
  };

  #finish(error: Error, how = this.#questions.length > 0 ? 'atWork' : 'idle'): void {
    if (this.#end === undefined) {
      this.#end = error;
      this.#stop();
      clearTimeout(this.#timer);
      this.#stream.destroy();
      // What it is at may hang.
      if (how === 'atWork') {
        this.#stream.endAll?.();
      }
      this.#questions.splice(0).forEach(({ reject }) => reject(error));
    }
  }
}

function lineOf(words: readonly string[]): string {
  return `${words.map(shellWord).join(' ')}\n`;
}

function asSaid({ code, out }: ShellAnswer): ShellAnswer {
  return { code, out, said: out.toString('utf8').trim() };
}

function shellHere(): ShellStream {
  // A process group of its own: Ctrl+C in the terminal reaches it through the signal alone.
  const child = spawn('/bin/sh', [], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  child.once('error', (error) => stream.destroy(error));
  return Object.assign(stream, {
    ...{ errors: Readable.from([]), input: child.stdin },
    endAll: () => {
      try {
        process.kill(-(child.pid ?? NaN), 'SIGTERM');
      } catch {
        // All have ended.
      }
    },
  });
}

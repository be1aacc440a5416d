// A shell on a host that gets a copy of a VM: this computer's, or that of the login that a connection has. One command
// at a time; what a command reads is sent to it. All of it ends with the shell.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Duplex, type Writable } from 'node:stream';
import type { HostLogin } from '../../../hosts/hostLogin.js';
import { displayLine } from '../../../domain/plainText.js';
import { CopiesFault } from '../copiesFault.js';
import { giveDiskWay } from './lowPriority.js';

export interface ShellAnswer {
  readonly code: number;
  readonly said: string;
}

const mostAnswerBytes = 64 * 1024 * 1024;

export class HostShell {
  readonly #stream: Duplex;
  readonly #input: Writable;
  readonly #mark = `virt-rewind-${randomBytes(12).toString('hex')}`;
  readonly #stop: () => void;
  #heard: Buffer = Buffer.alloc(0);
  #searched = 0;
  #failure: Error | undefined;
  #hear: () => void = () => undefined;
  /** By the host itself. */
  host = '';

  private constructor({ stream, input }: OpenedShell, signal: AbortSignal) {
    this.#stream = stream;
    this.#input = input;
    const end = (error?: Error): void => {
      this.#failure ??= error ?? new Error('the login ended');
      this.#hear();
    };
    stream.on('data', (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
      this.#hear();
    });
    stream.on('error', end).on('end', end).on('close', end);
    const cancel = (): void => void stream.destroy(new Error('cancelled'));
    signal.addEventListener('abort', cancel);
    this.#stop = () => signal.removeEventListener('abort', cancel);
  }

  /** @param login undefined: this computer. @throws CopiesFault */
  static async open(login: HostLogin | undefined, signal: AbortSignal): Promise<HostShell> {
    signal.throwIfAborted();
    const opened = login === undefined ? shellHere() : await shellThere(login);
    if (signal.aborted) {
      opened.stream.destroy();
    }
    signal.throwIfAborted();
    const shell = new HostShell(opened, signal);
    try {
      shell.host = (await shell.run(`${giveDiskWay}; export LC_ALL=C; umask 022; uname -n`)).said;
      if (login !== undefined && !login.isHost(shell.host)) {
        throw new CopiesFault({ kind: 'copyCut', said: `the login leads to ${displayLine(shell.host)}` });
      }
      return shell;
    } catch (error) {
      shell.close();
      throw error;
    }
  }

  /** The script runs in the shell itself: what it opens stays open. @throws CopiesFault where the shell ends */
  async run(script: string): Promise<ShellAnswer> {
    // The shell reads the group to its end before it runs any of it.
    this.#stream.write(`{\n${script}\n} 2>&1 </dev/null\n${this.#sayDone}\n`);
    return this.#answer();
  }

  /**
   * The script reads what a program writes that `send` gives the shell's input to, and exactly that: else it fails. A
   * shell whose script fails ends, for it would take the rest for commands.
   * @throws CopiesFault where the shell ends before; what `send` throws
   */
  async feed(script: string, send: (input: Writable, stop: AbortSignal) => Promise<void>): Promise<ShellAnswer> {
    this.#stream.write(`{
printf '\\n%s begun\\n' ${this.#mark}
(\n${script}\n) 2>&1
code=$?; (exit "$code"); ${this.#sayDone}
[ "$code" = 0 ] || { cat >/dev/null; exit; }
}\n`);
    // Then all before is read, and what a program writes comes behind it.
    await this.#until('begun');
    const stop = new AbortController();
    const answer = this.#answer();
    const sent = send(this.#input, stop.signal);
    // Where one of the two has failed, the other one would wait.
    sent.catch(() => undefined);
    answer.catch(() => undefined);
    let isWhole = false;
    try {
      await Promise.race([sent, answer.then(({ code }) => (code === 0 ? sent : undefined))]);
      const told = await answer;
      isWhole = told.code === 0;
      return told;
    } finally {
      stop.abort();
      if (!isWhole) {
        this.close();
      }
    }
  }

  close(): void {
    // What it said last is no answer to what comes.
    this.#failure ??= new Error('the login was closed');
    this.#heard = Buffer.alloc(0);
    this.#stop();
    this.#stream.destroy();
  }

  get #sayDone(): string {
    return `printf '\\n%s done %s\\n' ${this.#mark} "$?"`;
  }

  async #answer(): Promise<ShellAnswer> {
    const [before, code] = await this.#until('done');
    return { code: Number(code), said: before.toString('utf8').trim() };
  }

  /** What stands before a line that begins so, and the rest of that line. */
  #until(word: string): Promise<readonly [Buffer, string]> {
    const line = Buffer.from(`\n${this.#mark} ${word}`);
    return new Promise((resolve, reject) => {
      this.#hear = () => {
        const at = this.#heard.indexOf(line, this.#searched);
        const end = at < 0 ? -1 : this.#heard.indexOf('\n', at + line.length);
        if (end >= 0) {
          const before = this.#heard.subarray(0, at);
          const rest = this.#heard.toString('utf8', at + line.length, end).trim();
          this.#heard = this.#heard.subarray(end + 1);
          this.#searched = 0;
          resolve([before, rest]);
        } else if (this.#failure !== undefined) {
          reject(cut(this.#failure));
        } else if (this.#heard.length > mostAnswerBytes) {
          reject(cut(new Error('the host says too much')));
        } else {
          this.#searched = Math.max(0, at < 0 ? this.#heard.length - line.length : at);
        }
      };
      this.#hear();
    });
  }
}

function cut(error: Error): CopiesFault {
  return new CopiesFault({ kind: 'copyCut', said: displayLine(error.message) });
}

interface OpenedShell {
  readonly stream: Duplex;
  readonly input: Writable;
}

async function shellThere(login: HostLogin): Promise<OpenedShell> {
  const stream = await login.openShell();
  return { stream, input: stream.input };
}

function shellHere(): OpenedShell {
  // A process group of its own: Ctrl+C in the terminal reaches it through the signal alone.
  const child = spawn('/bin/sh', [], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  child.once('error', (error) => stream.destroy(error));
  return { stream, input: child.stdin };
}

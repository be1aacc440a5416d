// A command of the command line that runs as a process of its own, and what it says.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';

/** A command that runs, and what it has said so far to both. */
export class Spoken {
  said = '';
  readonly #child: ChildProcess;
  readonly #end: Promise<number | null>;
  #look = (): void => undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data) => {
        this.said += stripVTControlCharacters(String(data));
        this.#look();
      });
    }
    this.#end = once(child, 'close').then(([code]) => code as number | null);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  /** Twice: a terminal that closes does it, and so does its shell. */
  end(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
    this.#child.kill(signal);
  }

  /** Resolves when it has said so; rejects when it has ended without. */
  async until(words: RegExp): Promise<void> {
    const said = new Promise<void>((resolve) => {
      this.#look = () => {
        if (words.test(this.said)) {
          resolve();
        }
      };
      this.#look();
    });
    await Promise.race([
      said,
      this.#end.then((code) => assert.match(this.said, words, `it exited with code ${String(code)}: ${this.said}`)),
    ]);
  }

  async is(exit: ExitName): Promise<void> {
    assert.equal(await this.#end, exitCode(exit), this.said);
  }
}

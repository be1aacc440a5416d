// Starts restic, on this computer or by a login on another one. What it is told to do, and what its words mean, is not
// known here.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { HostLogin, ShellStream } from '../../../hosts/hostLogin.js';
import { HostShell } from '../../../hosts/hostShell.js';
import { MarkedStream } from '../../../hosts/markedStream.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { StartedRestics } from './deadLocks.js';
import { openCopyShell } from '../../../transfer/copyShell.js';
import giveWay from '../../../transfer/giveWay.sh';
import { givingWay } from '../../../transfer/lowPriority.js';
import { orCannotWrite, withWorkFolder } from '../../../transfer/workFolder.js';
import stopWithUs from './resticHere.sh';
import functions from './resticThere.sh';

interface ProgramRun {
  readonly words: readonly string[];
  /** For its standard input. */
  readonly input: string;
  readonly inputFrom?: string | undefined;
  readonly outputTo?: number | undefined;
  readonly folder?: string | undefined;
  /** It has the lowest priority. */
  readonly givesWay: boolean;
  /** Its standard output is not wanted, only how long it is. */
  readonly counts: boolean;
  readonly onOut: (part: Buffer) => void;
  readonly onBytes: (bytes: number) => void;
  readonly onErrors: (text: string) => void;
}

interface RunningProgram {
  /** Its exit; undefined: a signal ended it. Rejects where it could not be started, or nobody knows how it ended. */
  readonly ended: Promise<number | undefined>;
  /** It goes on by itself, also where this process has ended. */
  pause(ms: number): void;
  /** It then takes its lock away. */
  interrupt(): void;
  kill(): void;
}

export interface ResticProgram {
  start(run: ProgramRun): RunningProgram;
  /**
   * Gives a folder with one file, for this user alone. It is gone afterwards, also where the connection ends; after a
   * kill, the next one removes it.
   */
  withFile<T>(name: string, text: string, work: (folder: string) => Promise<T>): Promise<T>;
}

/** How it ends by SIGINT. */
const interrupted = 130;

/** @param environment all of it */
export function resticHere(program: string, environment: NodeJS.ProcessEnv): ResticProgram {
  const started = new StartedRestics(environment);
  return {
    start: ({ words, input, inputFrom, outputTo, folder, givesWay, counts, onOut, onBytes, onErrors }) => {
      // One that would wait for a writer fails.
      let from: number | undefined;
      try {
        from = inputFrom === undefined ? undefined : openSync(inputFrom, constants.O_RDONLY | constants.O_NONBLOCK);
      } catch (error) {
        const nothing = (): void => undefined;
        return {
          ended: Promise.reject(error instanceof Error ? error : new Error(String(error))),
          pause: nothing,
          interrupt: nothing,
          kill: nothing,
        };
      }
      // A process group of its own: Ctrl+C in the terminal reaches it through the signal alone.
      const child = spawn(
        ...(givesWay ? givingWay(program, words, `${giveWay}${stopWithUs}`) : ([program, words] as const)),
        {
          env: environment,
          stdio: [from ?? 'pipe', outputTo ?? 'pipe', 'pipe', 'pipe'],
          detached: true,
          ...(folder !== undefined && { cwd: folder }),
        },
      );
      if (from !== undefined) {
        closeSync(from);
      }
      const life = child.stdio[3] as Writable;
      life.on('error', () => undefined);
      child.once('exit', () => life.end('\n'));
      child.stdout?.on('data', (part: Buffer) => (counts ? onBytes(part.length) : onOut(part)));
      child.stderr?.setEncoding('utf8').on('data', onErrors);
      const { pid } = child;
      if (pid !== undefined) {
        const added = started.add(pid);
        // One that was killed left its lock, and one that was interrupted may have: 0.14 forgets one of the last 0.2 s.
        child.once('close', (code) => {
          if (code !== null && code !== interrupted) {
            void added.then(() => started.remove(pid));
          }
        });
      }
      // It may end before it has read all of it; then its exit says why.
      child.stdin?.on('error', () => undefined).end(input);
      return {
        ended: new Promise((resolve, reject) => {
          child.once('error', reject);
          child.once('close', (code) => resolve(code ?? undefined));
        }),
        pause: (ms) => {
          if (givesWay) {
            life.write(pauseLine(ms));
          }
        },
        // Only by this one does it take its lock away.
        interrupt: () => void child.kill('SIGINT'),
        kill: () => void child.kill('SIGKILL'),
      };
    },
    withFile: (name, text, work) =>
      withWorkFolder(environment, async (folder) => {
        await orCannotWrite(folder, () => writeFile(join(folder, name), text, { mode: 0o600 }));
        return work(folder);
      }),
  };
}

/** @param environment what it has beside that of the login: nobody reads it on a command line there */
export function resticThere(login: HostLogin, environment: NodeJS.ProcessEnv, signal: AbortSignal): ResticProgram {
  return {
    start: (run) => {
      const there = new RunThere(login, run, environment);
      return {
        ended: there.run(),
        pause: (ms) => there.pause(ms),
        interrupt: () => there.interrupt(),
        kill: () => there.kill(),
      };
    },
    withFile: async (name, text, work) => {
      const shell = await openCopyShell(login, signal);
      try {
        const must = async (...words: readonly string[]): Promise<string> => {
          const { code, said } = await shell.run(...words);
          if (code !== 0) {
            throw transferFailure('cannotWrite', { folder: login.hostname, said });
          }
          return said;
        };
        const folder = (await must('begin_folder', name)).split('\n').at(-1) ?? '';
        await must('fill_folder', name, text);
        const result = await work(folder);
        await shell.run('end_folder');
        return result;
      } finally {
        shell.close();
      }
    },
  };
}

/** The shell may have read an interruption together with its script. */
const interruptAgainMs = 500;
/** Where somebody else hears what comes before the mark. */
const mostKept = 64 * 1024;

class RunThere {
  readonly #login: HostLogin;
  readonly #run: ProgramRun;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #killed = new AbortController();
  #stream: ShellStream | undefined;
  #interrupting: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(login: HostLogin, run: ProgramRun, environment: NodeJS.ProcessEnv) {
    this.#login = login;
    this.#run = run;
    this.#environment = environment;
  }

  async run(): Promise<number | undefined> {
    const { counts, givesWay, onBytes, onOut, onErrors } = this.#run;
    const setUp = `${givesWay ? giveWay : ''}${functions}`;
    const shell = await HostShell.open(this.#login, { setUp, signal: this.#killed.signal });
    try {
      if (this.#isStopped) {
        return undefined;
      }
      const mark = randomBytes(12).toString('hex');
      this.#stream = shell.become(commandsOf(this.#run, this.#environment, mark));
      const decoder = new StringDecoder('utf8');
      const [{ rest: code }] = await Promise.all([
        new MarkedStream(this.#stream, mark, mostKept).next({ onPart: counts ? sumLines(onBytes) : onOut }),
        new MarkedStream(this.#stream.errors, mark, mostKept).next({
          onPart: (part) => onErrors(decoder.write(part)),
        }),
      ]);
      if (!/^\d+$/u.test(code)) {
        throw new Error(`nobody on ${this.#login.hostname} knows how it ended`);
      }
      return Number(code);
    } finally {
      clearInterval(this.#interrupting);
      shell.close();
    }
  }

  pause(ms: number): void {
    this.#stream?.write(pauseLine(ms));
  }

  interrupt(): void {
    this.#isStopped = true;
    const say = (): void => void this.#stream?.write('\n');
    this.#interrupting ??= setInterval(say, interruptAgainMs);
    say();
  }

  kill(): void {
    this.#isStopped = true;
    this.#killed.abort();
  }
}

function pauseLine(ms: number): string {
  return `${ms / 1_000}\n`;
}

/** Reads numbers, one a line. */
function sumLines(onSum: (sum: number) => void): (part: Buffer) => void {
  let line = '';
  return (part) => {
    const lines = (line + part.toString('latin1')).split('\n');
    line = lines.pop() ?? '';
    onSum(lines.reduce((sum, one) => sum + Number(one), 0));
  };
}

function commandsOf(
  { words, input, inputFrom, folder = '', counts }: ProgramRun,
  environment: NodeJS.ProcessEnv,
  mark: string,
): readonly (readonly string[])[] {
  const parts = input.split('\0');
  const [format, inputs] =
    inputFrom !== undefined
      ? ['file', [inputFrom]]
      : parts.length === 1
        ? ['%s', parts]
        : ['%s\\0', parts.slice(0, -1)];
  return [
    ...Object.entries(environment).map(([name, value = '']) => ['set_variable', `${name}=${value}`]),
    [
      ...['restic_there', mark, counts ? 'count' : 'cat', folder, format, String(inputs.length)],
      ...[...inputs, ...words],
    ],
  ];
}

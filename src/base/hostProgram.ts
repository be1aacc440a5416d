// A program on this computer, without a shell: to its end, or the end of the time, with all that it has started.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { constants } from 'node:os';
import { type Clock, systemClock, within } from './clock.js';

/** How much of the end of the program's output is kept. */
const mostSaid = 2_000;
/** After it was asked to end. */
const killMs = 2_000;
/** For what it said last to be read, where somebody who has left its group holds its output. */
const lastWordsMs = 1_000;
/** As a shell tells of a program that a signal ended. */
const signalBase = 128;

interface HostProgram {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly atMostMs: number;
  /** The descriptor of an open file that the program reads as its input; absent: no input. */
  readonly input?: number;
  /** The folder that it runs in; that of this process unless given. */
  readonly folder?: string;
}

interface HostEnd {
  /** Undefined: it was ended by us. */
  readonly exit?: number;
  readonly why?: 'late' | 'stopped';
  /** Untrusted. */
  readonly said: string;
  /** What the program wrote to its standard error. */
  readonly errors: string;
}

/** @throws the error of `spawn` where it cannot be run */
export async function runHere(
  { program, args, environment, atMostMs, input, folder }: HostProgram,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<HostEnd> {
  // A process group of its own, so that what it has started ends with it.
  const child = spawn(program, [...args], {
    env: environment,
    stdio: [input ?? 'ignore', 'pipe', 'pipe'],
    detached: true,
    ...(folder !== undefined && { cwd: folder }),
  }) as ChildProcessByStdio<null, Readable, Readable>;
  let [said, errors] = ['', ''];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-mostSaid)));
  }
  child.stderr.on('data', (text: string) => (errors = (errors + text).slice(-mostSaid)));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let why: HostEnd['why'];
  const end = (reason: NonNullable<HostEnd['why']>): void => {
    why ??= reason;
    endGroup(child, 'SIGTERM');
    killer ??= clock.setTimer(killMs, () => endGroup(child, 'SIGKILL'));
  };
  let killer: ReturnType<Clock['setTimer']> | undefined;
  const timer = clock.setTimer(atMostMs, () => end('late'));
  const stop = (): void => end('stopped');
  signal.addEventListener('abort', stop);
  try {
    const exit = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      // Not `close`: what it has left in the background may hold its output for ever.
      child.once('exit', (code, name) => resolve(code ?? signalBase + numberOf(name)));
      if (signal.aborted) {
        stop();
      }
    });
    const ended = why === undefined ? { exit } : { why };
    endGroup(child, 'SIGKILL');
    await within(clock, lastWordsMs, closed, undefined);
    return { ...ended, said, errors };
  } finally {
    signal.removeEventListener('abort', stop);
    timer.dispose();
    killer?.dispose();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function numberOf(name: NodeJS.Signals | null): number {
  return name === null ? 0 : constants.signals[name];
}

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // All of it has ended.
  }
}

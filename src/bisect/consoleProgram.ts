// A command line that is typed at a guest's serial console, where a shell must be; its exit code comes back between
// marks that the echo of what was typed does not hold.
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type Clock, within } from '../base/clock.js';
import { shellWord } from '../base/shellWord.js';

/** What a guest writes between two marks may be a flood. */
const mostHeld = 64 * 1024;
const betweenTriesMs = 2_000;

interface ConsoleProgram {
  readonly program: string;
  readonly args: readonly string[];
  /** For a shell to answer, and for the program to end. */
  readonly startMs: number;
  readonly atMostMs: number;
}

/** What is needed of the console of a VM; undefined while it is off. */
interface OpenedConsole {
  open(taking: 'ifFree'): Promise<Duplex | undefined>;
}

type ConsoleEnd =
  | { readonly exit: number }
  | {
      readonly why: 'late' | 'noStart' | 'stopped';
      /** The console ended, with its guest or without. */
      readonly isCut?: true;
    };

/** @throws Failure of the console */
export async function runAtConsole(
  line: OpenedConsole,
  { program, args, startMs, atMostMs }: ConsoleProgram,
  signal: AbortSignal,
  clock: Clock,
): Promise<ConsoleEnd> {
  const stream = await line.open('ifFree');
  if (stream === undefined) {
    return { why: 'noStart' };
  }
  const marks = new Marks(stream, signal);
  try {
    const until = clock.ticks() + startMs;
    for (;;) {
      // A line that was typed before the shell read it is lost, or answered late: each has a mark of its own.
      const answered = await marks.runLine('true', clock, Math.min(betweenTriesMs, Math.max(0, until - clock.ticks())));
      if (typeof answered === 'number') {
        break;
      }
      if (answered === 'ended' || clock.ticks() >= until) {
        return endedAt(answered, 'noStart', signal);
      }
    }
    const ended = await marks.runLine([program, ...args].map(typedWord).join(' '), clock, atMostMs);
    return typeof ended === 'number' ? { exit: ended } : endedAt(ended, 'late', signal);
  } finally {
    stream.destroy();
  }
}

function endedAt(how: 'late' | 'ended', why: 'late' | 'noStart', { aborted }: AbortSignal): ConsoleEnd {
  return aborted ? { why: 'stopped' } : { why, ...(how === 'ended' && { isCut: true }) };
}

/** A line break would end the line for the terminal. */
function typedWord(word: string): string {
  return shellWord(word.replaceAll(/[\r\n]/gu, ' '));
}

class Marks {
  #held = '';
  #look: (() => void) | undefined;
  #isOver = false;

  constructor(
    readonly stream: Duplex,
    signal: AbortSignal,
  ) {
    const end = (): void => {
      this.#isOver = true;
      this.#look?.();
    };
    stream.on('data', (bytes: Buffer) => {
      this.#held = (this.#held + bytes.toString('latin1')).slice(-mostHeld);
      this.#look?.();
    });
    stream.on('close', end);
    stream.on('error', end);
    signal.addEventListener('abort', end);
    if (signal.aborted) {
      end();
    }
  }

  /** The exit code of a command line; `late`: nothing was heard of it in time. */
  async runLine(command: string, clock: Clock, ms: number): Promise<number | 'late' | 'ended'> {
    if (this.#isOver) {
      return 'ended';
    }
    const token = randomBytes(6).toString('hex');
    const mark = new RegExp(`vr-${token}-(\\d{1,3})-`, 'u');
    const seen = new Promise<number | 'ended'>((resolve) => {
      this.#look = () => {
        const [, exit] = mark.exec(this.#held) ?? [];
        if (exit !== undefined) {
          resolve(Number(exit));
        } else if (this.#isOver) {
          resolve('ended');
        }
      };
    });
    // The token and the rest are apart in what is typed, and together in what comes back.
    this.stream.write(`${command}; printf 'vr-%s-%d-\\n' ${token} $?\n`);
    this.#look?.();
    const answer = await within(clock, ms, seen, 'late' as const);
    this.#look = undefined;
    return answer;
  }
}

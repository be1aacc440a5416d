// One try of a check on one clone: a program here, one in the clone, a line at its console, or a person; and what it
// means.
import { type Clock, systemClock, within } from '../base/clock.js';
import { runHere } from '../base/hostProgram.js';
import type { BisectCheck, BisectPoint, BisectTry, Verdict } from '../domain/bisect.js';
import { Failure } from '../domain/failure.js';
import type { Vm, VmRef } from '../domain/vm.js';
import type { GuestsPort } from '../engine/enginePort.js';
import { waitFor } from '../engine/waitFor.js';
import { BisectStop } from './bisectStop.js';
import { verdictOf } from './verdicts.js';
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { shellWord } from '../base/shellWord.js';

// A command line that is typed at a guest's serial console, where a shell must be; its exit code comes back between
// marks that the echo of what was typed does not hold.

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

const untilOffMs = 3_000;

export interface Clone {
  readonly ref: VmRef;
  readonly vm: Vm;
}

/** Undefined: the person wants to stop. */
export type AskVerdict = (point: BisectPoint, clone: Clone, signal: AbortSignal) => Promise<Verdict | undefined>;

export interface CheckOptions {
  readonly check: BisectCheck;
  readonly checkMs: number;
  readonly startMs: number;
  /** The clone, as it is now. */
  readonly readVm: () => Promise<Vm>;
  readonly guests: Pick<GuestsPort, 'runIn' | 'consoleOf' | 'addressesOf'>;
  readonly environment: NodeJS.ProcessEnv;
  readonly ask?: AskVerdict;
  readonly clock?: Clock;
}

/** Undefined: it was stopped. @throws Failure, BisectStop */
export async function checkClone(
  options: CheckOptions,
  point: BisectPoint,
  clone: Clone,
  signal: AbortSignal,
): Promise<BisectTry | undefined> {
  const { check, checkMs, startMs, guests, ask, clock = systemClock } = options;
  if (signal.aborted) {
    return undefined;
  }
  switch (check.kind) {
    case 'person': {
      const verdict = await ask?.(point, clone, signal);
      return verdict && { verdict };
    }
    case 'host': {
      const environment = await environmentOf(options, point, clone);
      const { exit, why, said } = await runHere({ ...check, environment, atMostMs: checkMs }, signal, clock).catch(
        (error: unknown) => {
          throw new BisectStop({ kind: 'cannotRun', program: check.program, error: String(error) });
        },
      );
      return exit === undefined ? tryOfEnd(why ?? 'late') : tryOfExit(point, exit, said);
    }
    case 'guest': {
      const ran = await guests.runIn(clone.ref, { ...check, atMostMs: checkMs }, signal);
      if (ran.kind === 'late') {
        return tryOfEnd('late');
      }
      const said = Buffer.concat([ran.stdout.bytes, ran.stderr.bytes]).toString('utf8').slice(-2_000);
      return tryOfExit(point, ran.exitCode ?? 128 + (ran.signal ?? 0), said);
    }
    case 'console': {
      const line = await guests.consoleOf(clone.ref);
      try {
        const end = await runAtConsole(line, { ...check, startMs, atMostMs: checkMs }, signal, clock);
        if ('exit' in end) {
          return tryOfExit(point, end.exit, '');
        }
        if (end.isCut && !(await waitUntilOff(options, clone, signal))) {
          // The connection was lost, or somebody else took the console: that says nothing of the guest.
          throw new Failure('busy', { vm: clone.vm.name, doing: 'check at the serial console' });
        }
        return tryOfEnd(end.why);
      } finally {
        line.dispose();
      }
    }
  }
}

/** libvirt sees the end of a QEMU a little later than that of its console. */
async function waitUntilOff(
  { readVm, clock = systemClock }: CheckOptions,
  { ref }: Clone,
  signal: AbortSignal,
): Promise<boolean> {
  const wait = { what: 'off', vm: ref.uuid, connection: ref.connection, atMostMs: untilOffMs } as const;
  return (await waitFor(wait, { clock, signal, readVm })).outcome === 'there';
}

/**
 * What takes too long is bad, as with `timeout` before a program of `git bisect run`; what does not come up judges
 * nothing.
 */
function tryOfEnd(why: 'late' | 'noStart' | 'stopped'): BisectTry | undefined {
  return why === 'stopped' ? undefined : { verdict: why === 'late' ? 'bad' : 'skip', why };
}

function tryOfExit({ title }: BisectPoint, exit: number, said: string): BisectTry {
  const verdict = verdictOf(exit);
  if (verdict === undefined) {
    throw new BisectStop({ kind: 'badExit', snapshot: title, exit, said });
  }
  return { verdict, exit };
}

/** What a program here is told of the clone, beside all that it has anyway. */
async function environmentOf(
  { environment, guests }: CheckOptions,
  point: BisectPoint,
  { ref, vm }: Clone,
): Promise<NodeJS.ProcessEnv> {
  const isOn = vm.power === 'running';
  const [address] = isOn ? await guests.addressesOf(ref).catch(() => []) : [];
  const disks = vm.disks.flatMap(({ target, source }) => (source === undefined ? [] : [{ target, source }]));
  return {
    ...environment,
    VIRT_REWIND_RESTORE_POINT: point.name,
    VIRT_REWIND_VM: vm.name,
    VIRT_REWIND_UUID: ref.uuid,
    VIRT_REWIND_URI: ref.connection,
    // So that virsh in it goes there.
    LIBVIRT_DEFAULT_URI: ref.connection,
    ...(address !== undefined && { VIRT_REWIND_IP: address.address }),
    ...(disks[0] !== undefined && { VIRT_REWIND_DISK: disks[0].source }),
    ...Object.fromEntries(disks.map(({ target, source }) => [`VIRT_REWIND_DISK_${target.toUpperCase()}`, source])),
  };
}

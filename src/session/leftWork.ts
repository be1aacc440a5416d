// What wings began on a VM, wrote down, and were interrupted in: shown, brought to its end, or left as it is. The core
// knows no wing; the doors hand in what each may leave.
import type { Log } from '../base/log.js';
import type { Session } from './session.js';

/** `dismiss`: the VM stays as it is now, and other operations may begin. */
export type InterruptedEnd = 'finish' | 'dismiss';

/** What a person is asked before. */
export interface LeftQuestion {
  readonly lines: readonly string[];
  /** The label of the answer that goes on. */
  readonly confirm: string;
  /** The name of a protected VM, which must be typed, too. */
  readonly typed?: string;
}

export interface LeftTold {
  readonly lines: readonly string[];
  /** The same for programs. */
  readonly answer?: object;
}

/** What a wing began on a VM and wrote down, and what broke off. */
export interface LeftWork {
  /** What it is. @throws Failure */
  readonly look: () => Promise<LeftTold>;
  /** Undefined: it is ended unasked, as before whatever is begun on the VM. */
  readonly question: (how: InterruptedEnd) => Promise<LeftQuestion | undefined>;
  /** Resolves to what became of it. @throws Failure */
  readonly end: (how: InterruptedEnd, onStep: (what: string) => void) => Promise<LeftTold>;
}

/** All that a wing has left on a VM, by its name or UUID. Handed in at the doors. @throws Failure */
export type LeftByWing = (session: Session, named: string, log: Log) => Promise<readonly LeftWork[]>;

/** What all wings have left. Each is asked when its turn comes. */
export async function* leftOn(
  { left }: { readonly left: readonly LeftByWing[] },
  ...of: Parameters<LeftByWing>
): AsyncGenerator<LeftWork> {
  for (const leftBy of left) {
    yield* await leftBy(...of);
  }
}

interface LeftAsker {
  /** Rejects where nobody agrees. */
  readonly agree?: (question: LeftQuestion) => Promise<void> | void;
  readonly tell?: (line: string) => void;
  /** What is at work, in a few words. */
  readonly onStep?: (what: string) => void;
}

/** Each before the next one is looked at. @returns what became of each. @throws Failure; what `agree` throws */
export async function endLeft(
  all: AsyncIterable<LeftWork> | Iterable<LeftWork>,
  how: InterruptedEnd | 'look',
  { agree, tell, onStep = () => undefined }: LeftAsker = {},
): Promise<readonly LeftTold[]> {
  const ended: LeftTold[] = [];
  for await (const left of all) {
    const question = how === 'look' ? undefined : await left.question(how);
    await (question && agree?.(question));
    const told = await (how === 'look' ? left.look() : left.end(how, onStep));
    told.lines.forEach((line) => tell?.(line));
    ended.push(told);
  }
  return ended;
}

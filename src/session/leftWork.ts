// What wings began on a VM, wrote down, and were interrupted in: shown, brought to its end, or left as it is. The core
// knows no wing; the doors hand in what each may leave.
import type { Log } from '../base/log.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { VmView } from '../live/views.js';

/** `dismiss`: the VM stays as it is now, and other operations may begin. */
export type InterruptedEnd = 'finish' | 'dismiss';

/** What a wing began on a VM and wrote down, and what broke off. */
export interface LeftWork {
  /** What it is, changing nothing. @throws Failure */
  readonly told: () => readonly string[];
  /** What a person is asked before; none: it is ended unasked, as before whatever is begun on the VM. */
  readonly question: (how: InterruptedEnd) => readonly string[];
  /** Resolves to what became of it. @throws Failure */
  readonly end: (how: InterruptedEnd) => Promise<readonly string[]>;
}

/** All that a wing has left on a VM, by its name or UUID. Handed in at the doors. @throws Failure */
export type LeftByWing = (session: LeftPlace, named: string, log: Log) => Promise<readonly LeftWork[]>;

/** The session. */
export interface LeftPlace {
  readonly engine: EnginePort;
  readonly folder: string;
  vm(named: string): Promise<VmView>;
}

/** What all wings have left. Each is asked when its turn comes. */
export async function* leftOn(
  { findLeft }: { readonly findLeft: () => Promise<readonly LeftByWing[]> },
  ...of: Parameters<LeftByWing>
): AsyncGenerator<LeftWork> {
  for (const leftBy of await findLeft()) {
    yield* await leftBy(...of);
  }
}

interface LeftAsker {
  /** Rejects where nobody agrees. */
  readonly agree?: (lines: readonly string[]) => Promise<void>;
  readonly tell?: (line: string) => void;
}

/** Each before the next one is looked at. @returns whether there was anything. @throws Failure */
export async function endLeft(
  all: AsyncIterable<LeftWork> | Iterable<LeftWork>,
  how: InterruptedEnd | 'look',
  { agree, tell }: LeftAsker = {},
): Promise<boolean> {
  let isAny = false;
  for await (const left of all) {
    const question = how === 'look' ? [] : left.question(how);
    await (question.length > 0 && agree?.(question));
    (how === 'look' ? left.told() : await left.end(how)).forEach((line) => tell?.(line));
    isAny = true;
  }
  return isAny;
}

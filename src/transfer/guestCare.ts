// Slows a program down by what the guests on its host feel of it: while it works, their disks are held against how they
// answer in its pauses. Nobody asks while nothing is copied.
import { type Clock, systemClock, within } from '../base/clock.js';
import type { AnsweredRequests, GuestTimes } from '../domain/guestTimes.js';
import { pause as waitFor } from '../engine/waitFor.js';

/** How many times as long as in pauses; absent: they hardly used their disks, or nobody knows. */
export interface GuestWaits {
  readonly writes?: number;
  readonly reads?: number;
}

interface GuestCareOptions {
  readonly read: () => Promise<Times>;
  readonly clock?: Clock;
}

/** More than this slows the program down. */
const most = 1.1;
/** It works for half of the time at least. */
const pauseMs = 500;
const leastWorkMs = pauseMs;
const firstWorkMs = 1_000;
const mostWorkMs = 16_000;
/** What is under way when a pause begins belongs to the work. */
const settleMs = 100;
/** Fewer requests of a VM tell nothing. */
const leastRequests = 10;
/** Where the answer is late, nothing is slowed any more. */
const patienceMs = 2_000;
/** How much those before count beside the last one. */
const keptShare = 0.7;

const kinds = ['writes', 'reads'] as const;
type Kind = (typeof kinds)[number];
/** By UUID. */
type Times = ReadonlyMap<string, GuestTimes>;

interface Use {
  readonly kind: Kind;
  /** The key of the kind and the VM. */
  readonly key: string;
  readonly used: AnsweredRequests;
}

interface Sum {
  ms: number;
  /** What it would have been in a pause. */
  quietMs: number;
}

export class GuestCare {
  readonly #read: () => Promise<Times>;
  readonly #clock: Clock;
  readonly #sums = new Map<Kind, Sum>();
  readonly #working = new Map<string, Use>();
  readonly #quiet = new Map<string, Use>();

  constructor({ read, clock = systemClock }: GuestCareOptions) {
    this.#read = read;
    this.#clock = clock;
  }

  get felt(): GuestWaits {
    return Object.fromEntries([...this.#sums].map(([kind, sum]) => [kind, Math.round(ratioOf(sum) * 100) / 100]));
  }

  /** Steers a program until it ends. */
  async during<T>(program: { readonly ended: Promise<T>; pause(ms: number): void }): Promise<T> {
    const over = new AbortController();
    void this.steer((ms) => program.pause(ms), over.signal);
    try {
      return await program.ended;
    } finally {
      over.abort();
    }
  }

  /**
   * Never rejects: where the guests cannot be asked, nothing is slowed.
   *
   * @param pause a program that goes on by itself after so many milliseconds
   * @param ended when it has ended
   */
  async steer(pause: (ms: number) => void, ended: AbortSignal): Promise<void> {
    const look = (): Promise<Times | undefined> => within(this.#clock, patienceMs, this.#read(), undefined);
    const lookIn = async (ms: number): Promise<Times | undefined> => {
      await (ended.aborted || waitFor(this.#clock, ms, ended));
      return ended.aborted ? undefined : look();
    };
    try {
      let workMs = firstWorkMs;
      for (let before = await look(); before !== undefined;) {
        const worked = await lookIn(workMs);
        if (worked === undefined) {
          return;
        }
        const inWork = usesOf(before, worked);
        if (inWork.length === 0) {
          before = worked;
          continue;
        }
        pause(pauseMs);
        const settled = await lookIn(settleMs);
        const paused = await lookIn(pauseMs - settleMs);
        if (settled === undefined || paused === undefined) {
          return;
        }
        note(this.#working, inWork);
        note(this.#quiet, usesOf(settled, paused));
        const isFelt = [...this.#against([...this.#working.values()]).values()].some((sum) => ratioOf(sum) > most);
        workMs = isFelt ? Math.max(leastWorkMs, workMs / 2) : Math.min(mostWorkMs, workMs * 2);
        for (const [kind, { ms, quietMs }] of this.#against(usesOf(before, paused))) {
          const sum = this.#sums.get(kind) ?? { ms: 0, quietMs: 0 };
          this.#sums.set(kind, { ms: sum.ms + ms, quietMs: sum.quietMs + quietMs });
        }
        before = paused;
      }
    } catch {
      // The connection is lost, or its host cannot tell.
    }
  }

  #against(uses: readonly Use[]): ReadonlyMap<Kind, Sum> {
    const sums = new Map<Kind, Sum>();
    for (const { kind, key, used } of uses) {
      const quiet = this.#quiet.get(key)?.used;
      if (quiet !== undefined && quiet.ms > 0) {
        const { ms, quietMs } = sums.get(kind) ?? { ms: 0, quietMs: 0 };
        sums.set(kind, { ms: ms + used.ms, quietMs: quietMs + (used.count * quiet.ms) / quiet.count });
      }
    }
    return sums;
  }
}

/** One window is noise: the ones before count too. */
function note(known: Map<string, Use>, uses: readonly Use[]): void {
  for (const { kind, key, used } of uses) {
    const { count, ms } = known.get(key)?.used ?? { count: 0, ms: 0 };
    known.set(key, { kind, key, used: { count: count * keptShare + used.count, ms: ms * keptShare + used.ms } });
  }
}

function usesOf(before: Times, after: Times): readonly Use[] {
  return [...after].flatMap(([uuid, now]) =>
    kinds.flatMap((kind): readonly Use[] => {
      const was = before.get(uuid)?.[kind];
      const used = was && { count: now[kind].count - was.count, ms: now[kind].ms - was.ms };
      // A VM that was started anew counts from 0.
      return used === undefined || used.count < leastRequests || used.ms < 0
        ? []
        : [{ kind, key: `${kind} ${uuid}`, used }];
    }),
  );
}

function ratioOf({ ms, quietMs }: Sum): number {
  return ms / quietMs;
}

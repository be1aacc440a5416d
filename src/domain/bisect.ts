// What a bisect is: a line of restore points, a check that is good on the older ones and bad on the newer, what is
// known so far.
import type { CloneNetwork } from './clone.js';
import type { VmRef } from './vm.js';

export const verdicts = ['good', 'bad', 'skip'] as const;
export type Verdict = (typeof verdicts)[number];

/** A snapshot as it was when the bisect began: its time tells it from a later one of its name. */
export interface BisectPoint {
  readonly name: string;
  readonly title: string;
  /** Milliseconds since 1970, of a whole second. */
  readonly createdAt: number;
}

/**
 * How a restore point is judged, on a clone of it. `host`: a program on this computer; `guest`: one in the clone, by
 * its agent; `console`: a command line that is typed at its serial console; `person`: somebody looks.
 */
export type BisectCheck =
  | { readonly kind: 'host' | 'guest' | 'console'; readonly program: string; readonly args: readonly string[] }
  | { readonly kind: 'person' };

/** What one try of a check came to: its verdict, and the program's exit code, or why there is none. */
export interface BisectTry {
  readonly verdict: Verdict;
  readonly exit?: number;
  /** `late`: it did not end in time; `noStart`: the clone did not come up. */
  readonly why?: 'late' | 'noStart';
}

export interface BisectAnswer {
  /** Its place in the line, from 0. */
  readonly point: number;
  readonly verdict: Verdict;
  /** None where a person said so beforehand. */
  readonly tries: readonly BisectTry[];
}

/** A clone that was begun for a bisect, and is not known to be gone. */
export interface BisectProbe {
  readonly point: number;
  readonly name: string;
  /** 36 characters, lower case; chosen before it is made. */
  readonly uuid: string;
}

export interface Bisect {
  readonly vm: VmRef;
  readonly vmName: string;
  readonly startedAt: number;
  /** Oldest first; each is built on the one before. */
  readonly line: readonly BisectPoint[];
  readonly check: BisectCheck;
  /** The network of the clones: with the VM's cables, or with none plugged in. */
  readonly network: CloneNetwork;
  /** Whether clones are started before they are checked. */
  readonly start: 'started' | 'off';
  /** The most tries for each restore point; the majority decides. */
  readonly tries: number;
  /** Clones at once, at most; absent: as many as there is room for. */
  readonly jobs?: number;
  /** For one check, and for a clone to come up. */
  readonly checkMs: number;
  readonly startMs: number;
  /** In the order in which they came. */
  readonly answers: readonly BisectAnswer[];
  readonly probes: readonly BisectProbe[];
}

/** What is known of a line of so many points after some answers. */
export interface BisectKnowledge {
  /** The newest that is good, and the oldest that is bad; absent where there is none yet. */
  readonly newestGood?: number;
  readonly oldestBad?: number;
  /** Between the two and not to be tried: any of these may be the first bad one. */
  readonly skipped: readonly number[];
  /** Between the two and not tried yet. */
  readonly open: readonly number[];
  /** Answers that say the opposite of earlier ones: good behind a bad one, bad before a good one. */
  readonly contradictions: readonly BisectAnswer[];
}

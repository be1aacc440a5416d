// When a connection that failed is tried again. Pure; it refuses to know how to connect.
import type { FailureKind } from '../domain/failure.js';

const longestMs = 30_000;
/** Of another host: it may be off for the night, and an attempt costs a process and packets. */
const longestFarMs = 60_000;
/**
 * A daemon that is back is seen within three seconds, by a call that costs this computer nothing while there is none.
 */
const absentMs = 2_000;

interface Attempts {
  /** It was ever open. */
  readonly wasOpen: boolean;
  /** Its daemon runs on another host. */
  readonly isFar: boolean;
  /** How many failed since it was last open; where it ended soon, how many before it did so too. */
  readonly earlier: number;
}

/**
 * Milliseconds until the next attempt, or undefined: only when somebody asks for it.
 *
 * | failure                             | where        | was it ever open? | again after                               |
 * |-------------------------------------|--------------|-------------------|-------------------------------------------|
 * | denied                              | any          | any               | never by itself: each attempt may open a dialog that asks for a password |
 * | unsupported, invalid, notFound      | any          | any               | never by itself: the address or the daemon must change |
 * | any other                           | another host | any               | 2, 4, 8, 16, 32, 60, 60 … s               |
 * | unreachable                         | here         | no                | 30 s: no daemon is there, and one may be installed |
 * | unreachable                         | here         | yes               | 1, 2, 2, 2 … s: it will be started again, and somebody looks |
 * | anything else                       | here         | any               | 1, 2, 4, 8, 16, 30, 30 … s: it is being restarted |
 *
 * @param random from 0 to 1; takes up to a fifth off, so that many clients of a daemon do not come back together
 */
export function retryDelay(
  kind: FailureKind,
  { wasOpen, isFar, earlier }: Attempts,
  random: number,
): number | undefined {
  switch (kind) {
    case 'denied':
    case 'unsupported':
    case 'invalid':
    case 'notFound':
      return undefined;
    case 'unreachable':
      if (!isFar) {
        return withJitter(wasOpen ? Math.min(absentMs, ladder(earlier)) : longestMs, random);
      }
      break;
    case 'ambiguous':
    case 'busy':
    case 'lost':
    case 'protocol':
    case 'refused':
    case 'stopped':
    case 'exists':
    case 'noSpace':
    case 'journal':
    case 'cancelled':
    case 'failed':
  }
  return withJitter(isFar ? Math.min(longestFarMs, ladder(earlier + 1)) : Math.min(longestMs, ladder(earlier)), random);
}

function ladder(earlier: number): number {
  return 1000 * 2 ** Math.min(earlier, 10);
}

function withJitter(ms: number, random: number): number {
  return Math.round(ms * (1 - random / 5));
}

// When a connection that failed is tried again. Pure; it refuses to know how to connect.
import type { FailureKind } from '../domain/failure.js';

const longestMs = 30_000;
/**
 * A daemon that is back is seen within three seconds, by a call that costs this computer nothing while there is none.
 */
const absentMs = 2_000;

/**
 * Milliseconds until the next attempt, or undefined: only when somebody asks for it.
 *
 * | failure                             | was it ever open? | again after                                        |
 * |-------------------------------------|-------------------|----------------------------------------------------|
 * | denied                              | any               | never by itself: each attempt may open a dialog that asks for a password |
 * | unsupported, invalid, notFound      | any               | never by itself: the address or the daemon must change |
 * | unreachable                         | no                | 30 s: no daemon is there, and one may be installed |
 * | unreachable                         | yes               | 1, 2, 2, 2 … s: it will be started again, and somebody looks |
 * | anything else                       | any               | 1, 2, 4, 8, 16, 30, 30 … s: it is being restarted  |
 *
 * @param earlier how many attempts failed since it was last open; where it ended soon, how many before it did so too
 * @param random from 0 to 1; takes up to a fifth off, so that many clients of a daemon do not come back together
 */
export function retryDelay(kind: FailureKind, wasOpen: boolean, earlier: number, random: number): number | undefined {
  switch (kind) {
    case 'denied':
    case 'unsupported':
    case 'invalid':
    case 'notFound':
      return undefined;
    case 'unreachable':
      return withJitter(wasOpen ? Math.min(absentMs, ladder(earlier)) : longestMs, random);
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
      return withJitter(ladder(earlier), random);
  }
}

function ladder(earlier: number): number {
  return Math.min(longestMs, 1000 * 2 ** Math.min(earlier, 10));
}

function withJitter(ms: number, random: number): number {
  return Math.round(ms * (1 - random / 5));
}

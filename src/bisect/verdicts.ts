// From exit codes to verdicts, and from several tries to one. Pure.
import type { BisectTry, Verdict } from '../domain/bisect.js';

/**
 * As `git bisect run` reads them, but that a program which was not found or could not be run (126, 127) judges nothing.
 *
 * | exit code | verdict                         |
 * |-----------|---------------------------------|
 * | 0         | good                            |
 * | 125       | skip                            |
 * | 1 to 124  | bad                             |
 * | else      | undefined: the bisect must stop |
 */
export function verdictOf(exit: number): Verdict | undefined {
  if (exit === 0) {
    return 'good';
  }
  if (exit === 125) {
    return 'skip';
  }
  return exit >= 1 && exit <= 124 ? 'bad' : undefined;
}

/**
 * Undefined while it can still change. What says skip has no say, but where most do; good and bad as often is a skip,
 * because nobody knows.
 */
export function majority(tries: readonly BisectTry[], most: number): Verdict | undefined {
  const number = (verdict: Verdict): number => tries.filter((one) => one.verdict === verdict).length;
  const left = most - tries.length;
  const [good, bad, skip] = [number('good'), number('bad'), number('skip')];
  if (left <= 0) {
    return skip * 2 > tries.length || good === bad ? 'skip' : good > bad ? 'good' : 'bad';
  }
  // A majority of all tries that could be: the rest cannot turn it.
  return (['good', 'bad', 'skip'] as const).find((verdict) => number(verdict) * 2 > most);
}

// Numbers that look random and are decided by a seed, so that a history can be made again.

export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** From `from` to `to`, both included. */
  int(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** One of the entries whose weight is above 0, the more often the more it weighs. */
  weighted<T>(entries: readonly (readonly [T, number])[]): T;
  shuffled<T>(from: readonly T[]): readonly T[];
}

/** The generator is mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x = (x + Math.imul(x ^ (x >>> 7), x | 61)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(from: readonly T[]): T => from[int(0, from.length - 1)]!;
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick,
    weighted: (all) => {
      const entries = all.filter(([, weight]) => weight > 0);
      let at = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of entries) {
        at -= weight;
        if (at < 0) {
          return value;
        }
      }
      return entries.at(-1)![0];
    },
    shuffled: (from) => {
      const left = [...from];
      for (let index = left.length - 1; index > 0; index--) {
        const other = int(0, index);
        [left[index], left[other]] = [left[other]!, left[index]!];
      }
      return left;
    },
  };
}

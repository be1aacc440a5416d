// How fast a file system or pool fills up, by what was seen of it over time. Pure; refuses to know where samples are
// kept.

/** Milliseconds since 1970, and the bytes that were free then. */
export type FreeSample = readonly [at: number, freeBytes: number];

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;
/** Samples that are nearer than this to the one before are not kept. */
const everyMs = hourMs / 2;
const longestMs = 7 * dayMs;
/** The shortest time that allows a forecast: an hour with a backup in it is no trend. */
const shortestMs = 6 * hourMs;
/** The most samples of one file system. */
export const mostSamples = 340;

/**
 * | the clock, since the last sample | the sample                                                  |
 * |----------------------------------|-------------------------------------------------------------|
 * | went on by less than half an hour | is not kept                                                |
 * | went on                          | is kept; those of more than a week ago go                   |
 * | went back                        | is kept; those of a time that has not come yet go            |
 */
export function withSample(samples: readonly FreeSample[], [at, freeBytes]: FreeSample): readonly FreeSample[] {
  const past = samples.filter(([then]) => then <= at && then >= at - longestMs);
  const last = past.at(-1);
  if (last !== undefined && at - last[0] < everyMs) {
    return past.length === samples.length ? samples : past;
  }
  return [...past, [at, freeBytes] as const].slice(-mostSamples);
}

export interface Forecast {
  readonly bytesPerDay: number;
  readonly days: number;
}

/**
 * The line that lies nearest to all samples (least squares), from the last one on. Undefined: not known yet, or it does
 * not fill up. What was freed in between (a merge, a deleted file) begins a new count, for it says nothing of how fast
 * things grow.
 */
export function forecast(samples: readonly FreeSample[]): Forecast | undefined {
  const grown = sinceLastRelease(samples);
  const [first] = grown;
  const last = grown.at(-1);
  if (first === undefined || last === undefined || last[0] - first[0] < shortestMs || grown.length < 3) {
    return undefined;
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const days = grown.map(([at]) => (at - first[0]) / dayMs);
  const free = grown.map(([, bytes]) => bytes);
  const [middle, level] = [mean(days), mean(free)];
  const spread = days.reduce((sum, day) => sum + (day - middle) ** 2, 0);
  const slope = days.reduce((sum, day, at) => sum + (day - middle) * ((free[at] ?? level) - level), 0) / spread;
  return slope < 0 ? { bytesPerDay: -slope, days: last[1] / -slope } : undefined;
}

/** From the last moment at which clearly more was free than a sample before: a twentieth of what had been free. */
function sinceLastRelease(samples: readonly FreeSample[]): readonly FreeSample[] {
  const at = samples.findLastIndex(([, free], index) => {
    const before = samples[index - 1];
    return before !== undefined && free > before[1] * 1.05;
  });
  return at < 0 ? samples : samples.slice(at);
}

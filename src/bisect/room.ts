// How many clones at once: as many as there is RAM and a processor for, and no more than somebody said. Pure but for
// the look.
import { availableParallelism, freemem } from 'node:os';
import type { Bisect } from '../domain/bisect.js';
import type { Vm } from '../domain/vm.js';

/** What is left to the rest of the computer. */
const reserveBytes = 1024 ** 3;
/** Of what nobody asked for. */
const mostUnasked = 4;

interface HostRoom {
  readonly freeBytes: number;
  readonly processors: number;
}

/** Undefined where the VMs are another computer's. */
export function roomHere(uri: string): HostRoom | undefined {
  return /^[a-z]+(?:\+unix)?:\/\/\//u.test(uri)
    ? { freeBytes: freemem(), processors: availableParallelism() }
    : undefined;
}

/**
 * | clones   | room    | asked for | at once                                                         |
 * |----------|---------|-----------|-----------------------------------------------------------------|
 * | any      | unknown | n         | n                                                               |
 * | any      | unknown | –         | 1                                                               |
 * | off      | known   | n         | n                                                               |
 * | started  | known   | n         | n, or as many as there is RAM for                               |
 * | any      | known   | –         | one for two processors, 4, or as many as there is RAM for       |
 *
 * One at least. Where a person looks, one at a time.
 */
export function atOnce(
  { jobs, start, check }: Pick<Bisect, 'jobs' | 'start' | 'check'>,
  { memoryBytes }: Pick<Vm, 'memoryBytes'>,
  room: HostRoom | undefined,
): number {
  if (check.kind === 'person') {
    return 1;
  }
  if (room === undefined) {
    return jobs ?? 1;
  }
  const fitting = start === 'off' ? Number.POSITIVE_INFINITY : (room.freeBytes - reserveBytes) / memoryBytes;
  const wanted = jobs ?? Math.min(mostUnasked, room.processors / 2);
  return Math.max(1, Math.floor(Math.min(fitting, wanted)));
}

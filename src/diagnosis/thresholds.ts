// From when on something is a warning, for all VMs and for those that somebody made an exception for. Pure; refuses to
// know where it is written down.
import { protectionMatcher } from '../domain/protection.js';
import type { Vm } from '../domain/vm.js';

/** 0 switches a check off, but for `freePercent` and the like it is simply never below. */
export interface Thresholds {
  /** Deltas of one disk. */
  readonly layers: number;
  /** The age of the oldest delta. */
  readonly ageHours: number;
  /** The size of one delta. */
  readonly deltaBytes: number;
  /** The size of one delta, compared with its base. */
  readonly deltaPercent: number;
  /** The size of all deltas of a VM. */
  readonly allDeltasBytes: number;
  /** The free space of the file system or pool. */
  readonly freePercent: number;
  /** Until the file system or pool is full, at the growth measured. */
  readonly fullInDays: number;
}

/** As people write them down. */
export interface WrittenThresholds {
  readonly layers?: number;
  readonly ageHours?: number;
  readonly deltaGb?: number;
  readonly deltaPercent?: number;
  readonly allDeltasGb?: number;
  readonly freePercent?: number;
  readonly fullInDays?: number;
}

const gigabyte = 1024 ** 3;

export function thresholdsIn({ deltaGb, allDeltasGb, ...rest }: WrittenThresholds): Partial<Thresholds> {
  return {
    ...rest,
    ...(deltaGb !== undefined && { deltaBytes: deltaGb * gigabyte }),
    ...(allDeltasGb !== undefined && { allDeltasBytes: allDeltasGb * gigabyte }),
  };
}

export const usualThresholds: Thresholds = {
  layers: 8,
  ageHours: 72,
  deltaBytes: 10 * gigabyte,
  deltaPercent: 50,
  allDeltasBytes: 30 * gigabyte,
  freePercent: 10,
  fullInDays: 7,
};

/** Half of a small base is soon written and costs nobody anything: below it no share counts. */
export const shareFloorBytes = gigabyte;

export interface Exception {
  /** A name, a pattern of names, or a UUID, as for protected VMs. */
  readonly vm: string;
  readonly thresholds: Partial<Thresholds>;
}

/** Later exceptions win over earlier ones, field by field. */
export function thresholdsOf(
  vm: Pick<Vm, 'name' | 'uuid'>,
  usual: Thresholds,
  exceptions: readonly Exception[],
): Thresholds {
  return exceptions
    .filter((exception) => protectionMatcher([exception.vm])(vm))
    .reduce((sum, { thresholds }) => ({ ...sum, ...thresholds }), usual);
}

// What the move of a VM to a host costs, or why it cannot be, as far as that is known without asking the host. Pure.
import { isActive } from '../../../domain/vm.js';
import type { FleetHost, FleetVm, Staying } from './fleet.js';
import { takenBy } from './fleet.js';

/** Gigabit Ethernet, in bytes a second. */
export const assumedBandwidth = 112 * 1024 ** 2;

/** A tiny guest takes as long, most of it the start of its QEMU. */
const leastSeconds = 0.5;
/** To forget it here, and to define it there. */
const secondsOfSnapshot = 0.005;

export interface MoveCost {
  /** That go from host to host: a part of the RAM again, where the guest writes to it meanwhile. */
  readonly bytes: number;
  readonly seconds: number;
}

/** `tooFast`: it writes to its RAM faster than that can be sent. */
export type Hindrance = Staying | 'closed' | 'notShared' | 'tooFast' | 'refused';

export function costOf(vm: FleetVm, to: FleetHost, bandwidth: number): MoveCost | Hindrance {
  const { dirtyBytes = 0, fileBytes = 0, snapshots, sharedOn } = vm;
  const isShared = sharedOn.has(to.uri);
  const hindrance =
    vm.stays ??
    (to.closed === undefined ? undefined : 'closed') ??
    (vm.refusedBy?.has(to.uri) === true ? 'refused' : undefined) ??
    (isActive(vm.power) ? (!isShared ? 'notShared' : dirtyBytes >= bandwidth ? 'tooFast' : undefined) : undefined);
  if (hindrance !== undefined) {
    return hindrance;
  }
  const bytes = isActive(vm.power) ? takenBy(vm) / (1 - dirtyBytes / bandwidth) : isShared ? 0 : fileBytes;
  return {
    bytes: Math.round(bytes),
    seconds: bytes / bandwidth + leastSeconds + snapshots * secondsOfSnapshot,
  };
}

export function isCost(cost: MoveCost | Hindrance): cost is MoveCost {
  return typeof cost !== 'string';
}

// What a VM is after a revert: running, paused or off. Apart from the plan, because a picture that is open asks for it
// again and again.
import type { AfterRevert } from '../../domain/operation.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { PowerState } from '../../domain/vm.js';

export type EndState = 'running' | 'paused' | 'off';

/** What the VM is after a revert without a flag: only RAM of a running or paused VM brings it back so. */
export function naturalEnd({ state }: Snapshot): EndState {
  return state === 'running' || state === 'paused' ? state : 'off';
}

/**
 * | after            | VM now                        | end                |
 * |------------------|-------------------------------|--------------------|
 * | asSnapshot       | any                           | as in the snapshot |
 * | running, paused, off | any                       | that               |
 * | asBefore         | running, shutting down, asleep | running           |
 * | asBefore         | paused                        | paused             |
 * | asBefore         | off, crashed                  | off                |
 * | asBefore         | unknown                       | as in the snapshot |
 */
export function endOf(after: AfterRevert, snapshot: Snapshot, now: PowerState): EndState {
  if (after === 'asSnapshot') {
    return naturalEnd(snapshot);
  }
  if (after !== 'asBefore') {
    return after;
  }
  switch (now) {
    case 'running':
    case 'shuttingDown':
    case 'asleep':
      return 'running';
    case 'paused':
      return 'paused';
    case 'off':
    case 'crashed':
      return 'off';
    case 'unknown':
      return naturalEnd(snapshot);
  }
}

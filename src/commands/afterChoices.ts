// Which states a revert can leave a VM in, and in which order they are offered. Knows nothing of the editor.
import type { AfterRevert } from '../model/operation.js';
import type { Snapshot } from '../model/snapshot.js';
import type { PowerState } from '../model/vm.js';

export type StateAfter = 'running' | 'paused' | 'off';

/**
 * | after        | snapshot with RAM            | snapshot without RAM |
 * |--------------|------------------------------|----------------------|
 * | asSnapshot   | running or paused, as it was | off                  |
 * | asBefore     | as the VM is now             | as the VM is now     |
 * | running …    | that                         | that                 |
 */
export function stateAfter(
  after: AfterRevert,
  snapshot: Pick<Snapshot, 'kind' | 'state'>,
  now: PowerState,
): StateAfter {
  switch (after) {
    case 'asSnapshot':
      return snapshot.kind !== 'memory' ? 'off' : snapshot.state === 'paused' ? 'paused' : 'running';
    case 'asBefore':
      return now === 'running' || now === 'paused' ? now : 'off';
    case 'running':
    case 'paused':
    case 'off':
      return after;
  }
}

/** The preferred one first, then what leads to another state: one for each state. */
export function afterChoices(
  preferred: AfterRevert,
  snapshot: Pick<Snapshot, 'kind' | 'state'>,
  now: PowerState,
): readonly AfterRevert[] {
  const choices = new Map<StateAfter, AfterRevert>();
  for (const after of [preferred, 'asSnapshot', 'running', 'paused', 'off'] as const) {
    const state = stateAfter(after, snapshot, now);
    if (!choices.has(state)) {
      choices.set(state, after);
    }
  }
  return [...choices.values()];
}

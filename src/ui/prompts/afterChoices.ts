// Which states a revert can leave a VM in, and in which order they are offered. Knows nothing of the editor.
import type { AfterRevert } from '../../domain/operation.js';
import { type EndState, endOf } from '../../operations/revert/planRevert.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { PowerState } from '../../domain/vm.js';

/** The preferred one first, then what leads to another state: one for each state. */
export function afterChoices(preferred: AfterRevert, snapshot: Snapshot, now: PowerState): readonly AfterRevert[] {
  const choices = new Map<EndState, AfterRevert>();
  for (const after of [preferred, 'asSnapshot', 'running', 'paused', 'off'] as const) {
    const state = endOf(after, snapshot, now);
    if (!choices.has(state)) {
      choices.set(state, after);
    }
  }
  return [...choices.values()];
}

// Which states a revert can leave a VM in, and in which order they are offered.
import type { AfterRevert } from '../../domain/operation.js';
import { type EndState, endOf } from './endState.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { PowerState } from '../../domain/vm.js';

/**
 * What a revert without a choice leaves, where the setting follows the snapshot.
 *
 * | snapshot                       | VM now  | → |
 * |--------------------------------|---------|---|
 * | disks of a VM that ran, no RAM | running | running: it starts anew |
 * | any other                      | any     | as in the snapshot |
 */
export function preferredAfter(setting: AfterRevert, { state }: Snapshot, now: PowerState): AfterRevert {
  return setting === 'asSnapshot' && state === 'disk-snapshot' && now === 'running' ? 'running' : setting;
}

/**
 * The preferred one first, then what leads to another state: one for each state, in the same order in every question.
 */
export function afterChoices(preferred: AfterRevert, snapshot: Snapshot, now: PowerState): readonly AfterRevert[] {
  const choices = new Map<EndState, AfterRevert>();
  for (const after of [preferred, 'asSnapshot', 'running', 'paused', 'off'] as const) {
    const state = endOf(after, snapshot, now);
    if (!choices.has(state)) {
      choices.set(state, after);
    }
  }
  const inOrder = (['running', 'paused', 'off'] as const).flatMap((state) => choices.get(state) ?? []);
  return [preferred, ...inOrder.filter((after) => after !== preferred)];
}

// How far a guest's clock is behind after a revert, where nobody has set it. A guess: the guest's clock was right when its RAM was kept.
import type { Facts } from '../domain/facts.js';
import type { OperationResult } from '../domain/operation.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { PowerState } from '../domain/vm.js';
import type { Plan } from '../operations/plan.js';
import type { StepsRun } from './journaledRun.js';

/** Nearer than this, the whole seconds in which libvirt tells when a snapshot was taken say nothing. */
const nearMs = 1_000;

export interface Reverted {
  readonly plan: Plan;
  readonly facts: Pick<Facts, 'tree' | 'capabilities'>;
  readonly ran: Pick<StepsRun, 'clockSet'>;
  readonly state: PowerState;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * | operation                  | VM at its end | clock    | → |
 * |----------------------------|---------------|----------|---|
 * | revert to one with RAM     | running       | not set  | as old as the snapshot |
 * | revert to one with RAM     | running       | set      | – |
 * | any other, of a real guest or none | any   | any      | – |
 */
export function clockBehind({ plan, facts, ran, state, now }: Reverted): Pick<OperationResult, 'clockBehindMs'> {
  const { request } = plan;
  if (request.kind !== 'revert' || state !== 'running' || ran.clockSet || facts.capabilities.driver !== 'qemu') {
    return {};
  }
  const snapshot = findSnapshot(facts.tree, request.snapshot);
  const clockBehindMs = snapshot?.kind === 'memory' ? now - snapshot.createdAt : 0;
  return clockBehindMs < nearMs ? {} : { clockBehindMs };
}

// How an operation ended, for its caller.
import type { OperationResult } from '../../domain/operation.js';
import type { Plan } from '../../operations/plan.js';
import type { StepsRun } from '../run/journaledRun.js';
import type { Facts } from '../../domain/facts.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { currentOf, findSnapshot } from '../../domain/snapshotTree.js';
import type { PowerState } from '../../domain/vm.js';

interface EndedRun extends Omit<Parameters<typeof measureClockBehind>[0], 'ran'> {
  readonly ran: StepsRun;
  readonly durationMs: number;
  /** Absent: not measured. */
  readonly freedBytes: number | undefined;
}

export function operationResult({ durationMs, freedBytes, ...run }: EndedRun): OperationResult {
  const { plan, ran, state } = run;
  return {
    ...(plan.snapshot === undefined ? {} : { snapshot: plan.snapshot }),
    ...(plan.checkpoint === undefined ? {} : { checkpoint: plan.checkpoint }),
    state,
    durationMs,
    ...(ran.guestPausedMs === undefined ? {} : { guestPausedMs: ran.guestPausedMs }),
    ...(ran.notSeamless === undefined ? {} : { notSeamless: ran.notSeamless }),
    ...withoutRam(plan),
    ...measureClockBehind(run),
    ...(freedBytes === undefined ? {} : { freedBytes }),
    ...(ran.left.length === 0 ? {} : { left: ran.left }),
  };
}

function withoutRam({ warnings }: Plan): Pick<OperationResult, 'withoutRam'> {
  const warning = warnings.find((one) => one.kind === 'checkpointWithoutRam');
  return warning === undefined ? {} : { withoutRam: warning.why };
}

// How far a guest's clock is behind after a revert, where nobody has set it. A guess: the guest's clock was right when
// its RAM was kept.

/** Nearer than this, the whole seconds in which libvirt tells when a snapshot was taken say nothing. */
const nearMs = 1_000;

interface RevertedRun {
  readonly plan: Plan;
  /** From before. */
  readonly facts: Pick<Facts, 'tree' | 'capabilities' | 'vm'>;
  readonly ran: Pick<StepsRun, 'clockSet'>;
  readonly state: PowerState;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * | operation                  | VM at its end | clock    | → |
 * |----------------------------|---------------|----------|---|
 * | revert to one with RAM     | running       | not set  | as old as the snapshot |
 * | resume of a VM that a revert left paused | running | not set | as old as the snapshot that it stands on |
 * | these                      | running       | set      | – |
 * | any other, of a real guest or none | any   | any      | – |
 */
export function measureClockBehind({
  plan,
  facts,
  ran,
  state,
  now,
}: RevertedRun): Pick<OperationResult, 'clockBehindMs'> {
  if (state !== 'running' || ran.clockSet || facts.capabilities.driver !== 'qemu') {
    return {};
  }
  const snapshot = resumedSnapshot(plan, facts);
  const clockBehindMs = snapshot?.kind === 'memory' ? now - snapshot.createdAt : 0;
  return clockBehindMs < nearMs ? {} : { clockBehindMs };
}

/** Whose RAM the guest goes on from. */
function resumedSnapshot({ request }: Plan, { tree, vm }: RevertedRun['facts']): Snapshot | undefined {
  if (request.kind === 'revert') {
    return findSnapshot(tree, request.snapshot);
  }
  const isReverted = request.kind === 'power' && request.action === 'resume' && vm.powerReason === 'fromSnapshot';
  const current = isReverted ? currentOf(tree) : undefined;
  // A leaf of ours over it holds the layout of the files alone.
  return current?.trailers.auto === 'layout' && current.parent !== undefined
    ? findSnapshot(tree, current.parent)
    : current;
}

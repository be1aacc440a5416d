// A failure, knowing what became of the VM meanwhile. Pure.
import { withDetails } from '../../domain/asFailure.js';
import { Failure, type Leftover } from '../../domain/failure.js';
import type { RefusedDecision } from '../../domain/refusal.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { isActive, type Vm } from '../../domain/vm.js';
import type { Decision, Plan } from '../../operations/plan.js';

type KnownPower = Pick<Vm, 'power' | 'powerReason'>;

/**
 * | it was | it is           | then |
 * |--------|-----------------|------|
 * | on     | off, its QEMU gone without being told to | qemuEnded |
 * | any    | the same        | its state |
 * | any    | another         | its state, and that it is another |
 *
 * @param now undefined: it is gone, or nobody could look
 */
export function withState(failure: Failure, before: KnownPower, now: KnownPower | undefined): Failure {
  if (now === undefined) {
    return failure;
  }
  const hasEnded =
    isActive(before.power) && now.power === 'off' && (now.powerReason === 'crashed' || now.powerReason === 'failed');
  return withDetails(failure, {
    stateNow: now.power,
    ...(isActive(before.power) === isActive(now.power) ? {} : { stateBefore: before.power }),
    ...(hasEnded ? { qemuEnded: true } : {}),
  });
}

/**
 * A snapshot that the operation took first and that stays is named. For a clone, that snapshot is a part that was done;
 * a checkpoint leaves the VM as it was.
 *
 * @param tree as it is after the recovery
 */
export function withRemaining(failure: Failure, { request, steps }: Plan, tree: SnapshotTree | undefined): Failure {
  const taken = steps.flatMap((step) =>
    step.kind === 'createSnapshot' && step.auto !== 'layout' && tree && findSnapshot(tree, step.name)
      ? [step.name]
      : [],
  );
  if (failure.details.recovered !== 'before' || request.kind === 'create' || taken.length === 0) {
    return failure;
  }
  const left = taken.map((snapshot) => ({ kind: 'snapshot', snapshot }) as const);
  return addLeftovers(failure, left, request.kind === 'clone');
}

/** @param isPart what is left is a part of what was asked for: nobody may read that all is as it was before */
export function addLeftovers(failure: Failure, left: readonly Leftover[], isPart: boolean): Failure {
  const { kind, details } = failure;
  const isUndone = details.recovered === 'before' || kind === 'refused';
  return withDetails(failure, {
    ...(isPart && isUndone ? { recovered: 'partly' } : {}),
    left: [...(details.left ?? []), ...left],
  });
}

/** libvirt says only that an operation was cancelled: a cancel that was requested here is the cause. */
export function withCanceller(failure: Failure, signal: AbortSignal): Failure {
  return failure.kind === 'cancelled' && signal.aborted ? withDetails(failure, { byUs: true }) : failure;
}

/** @throws Failure `refused`, `notFound` */
export function throwIfRefused<T extends Decision | 'same'>(decision: T): Exclude<T, RefusedDecision> {
  if (typeof decision === 'object' && decision.kind === 'refusal') {
    const { refusal } = decision;
    // Not a rule of ours, but a thing that another client deleted between the menu and the click.
    throw new Failure(refusal.reason === 'snapshotMissing' ? 'notFound' : 'refused', { refusal });
  }
  return decision as Exclude<T, RefusedDecision>;
}

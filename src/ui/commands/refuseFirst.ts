// Refuses before a question what no answer to it could change.
import type { OperationRequest } from '../../domain/operation.js';
import type { Refusal, RefusalReason } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isActive } from '../../domain/vm.js';
import { cloneRequest } from '../../engine/clones.js';
import type { DecidedRequests } from '../../engine/enginePort.js';
import type { VmView } from '../../live/views.js';
import type { CommandRun } from './commandServices.js';
import { planIn } from './operate.js';
import { refuseSilent } from './unreachableConnection.js';

/** Refusals about what the person types. */
const aboutAnswers: ReadonlySet<RefusalReason> = new Set<RefusalReason>(['badName', 'nameTaken']);

/** @throws Failure `refused` */
export async function refuseFirst(run: CommandRun, request: OperationRequest): Promise<void> {
  refuseSilent(run.engine, request.vm);
  const decision = await run.engine.plan(request);
  if (decision.kind === 'refusal' && !aboutAnswers.has(decision.refusal.reason)) {
    planIn(run, { request, decision });
  }
}

/**
 * Refuses to clone a VM that writes to the image with all its snapshots inside.
 * @throws Failure `refused`
 */
export async function refuseInside(
  run: CommandRun,
  { ref, vm }: VmView,
  snapshots: readonly Snapshot[],
): Promise<void> {
  const [first] = snapshots;
  if (first !== undefined && isActive(vm.power) && snapshots.every(({ style }) => style === 'internal')) {
    await refuseFirst(run, cloneRequest(run.engine, ref, { snapshot: first.name, way: 'full' }));
  }
}

/**
 * @param besides reasons of a choice that does not suit the VM now, and says nothing of the others
 * @throws Failure `refused` where nothing of it is possible, all for one reason
 */
export function refuseAlike(
  run: CommandRun,
  decided: DecidedRequests<readonly OperationRequest[]>,
  besides: readonly RefusalReason[] = [],
): void {
  const refusals = decided.flatMap(({ decision }): readonly Refusal[] =>
    decision.kind === 'refusal' ? [decision.refusal] : [],
  );
  const reasons = new Set(refusals.map(({ reason }) => reason).filter((reason) => !besides.includes(reason)));
  const first = decided.find(({ decision }) => decision.kind === 'refusal' && reasons.has(decision.refusal.reason));
  if (first !== undefined && reasons.size === 1 && refusals.length === decided.length) {
    planIn(run, first);
  }
}

// The look between two steps of a recovery: others act too, and what cannot be taken back rests on nobody having done
// so. Refuses to decide what that is.
import { Failure } from '../../domain/failure.js';
import type { PlannedWork } from '../../operations/plan.js';
import { stepRefusal } from '../../operations/decide/remainingPlan.js';
import type { InterruptedOperation } from '../../operations/interrupted.js';
import type { FreshLook } from '../look/freshLook.js';
import { factsToRecover } from '../look/factsRequests.js';
import type { Lease } from '../leases/leases.js';

/** What it returns rejects with `stopped` where somebody did what the next step would take away. */
export function beforeRecoveryStep(
  look: FreshLook,
  lease: Lease,
  broken: InterruptedOperation,
  plan: PlannedWork,
): (index: number) => Promise<void> {
  return async (index) => {
    const next = plan.steps[index];
    if (next?.kind !== 'removeFiles' && next?.kind !== 'makeCurrent' && next?.kind !== 'restoreMemory') {
      return lease.live.read(lease.request.vm.uuid, ['vm', 'tree']);
    }
    const { facts } = await look.read(lease, (known) => factsToRecover(broken, known));
    const both = { ...broken.plan, steps: [...plan.steps, ...broken.plan.steps] };
    const obstacle = stepRefusal(next, both, facts, 'refuse');
    if (obstacle !== undefined) {
      throw new Failure('stopped', { vm: facts.vm.name, refusal: obstacle.refusal });
    }
  };
}

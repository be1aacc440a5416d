// The disks and networks of a running VM get other limits.
import { isActive } from '../../domain/vm.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { noFacts, noFiles } from '../requiredFacts.js';
import type { Facts } from '../../domain/facts.js';
import type { OperationRequest } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { hasLimits } from '../../domain/speed.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { goOn } from '../interruptedStep.js';
import type { DraftPlan } from '../plan.js';
import { accessRefusal } from '../refusals.js';

export const speedOperation: OperationDefinition<'speed'> = {
  plan: planSpeed,
  recover: recoverSpeed,
  requiredFacts: (_, { vm }) => ({ ...noFacts, ...(isActive(vm.power) ? { tuning: true } : {}) }),
  requiredFiles: () => noFiles,
  refusesPaths: () => 'none',
  mindsCheckpoints: () => false,
};

/** Decides whether the disks and networks of a VM can be slowed down, and what ends that where it was interrupted. */
type SpeedRequest = Extract<OperationRequest, { kind: 'speed' }>;

function planSpeed(request: SpeedRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, tuning, capabilities } = facts;
  const obstacle = accessRefusal(facts, 'speed');
  if (obstacle !== undefined) {
    return obstacle;
  }
  if (capabilities.driver !== 'qemu') {
    return refuse('driverCannot', { driver: capabilities.driver, action: 'speed' });
  }
  if (!isActive(vm.power)) {
    return refuse('notRunning', { vm: vm.name, state: vm.power, wanted: 'speed' });
  }
  return {
    kind: 'plan',
    // What undoes it: as it is now, whatever it was when somebody asked.
    request: { ...request, ...(tuning === undefined ? {} : { instead: tuning }) },
    steps: [{ kind: 'setLimits', to: request.to }],
    losses: [],
    warnings: [],
    progress: 'timeOnly',
  };
}

/**
 * | the VM                                      | → |
 * |---------------------------------------------|---|
 * | is off, or was started since                | before: the limits ended with its QEMU |
 * | has all the limits                          | after |
 * | has some of them                            | these are as they were; what somebody else has set since stays |
 */
function recoverSpeed(
  interrupted: InterruptedOperation & { readonly request: SpeedRequest },
  { vm, tuning }: Facts,
): Recovery {
  const { to, instead } = interrupted.plan.request as SpeedRequest;
  if (!isActive(vm.power) || tuning === undefined || instead === undefined) {
    return { kind: 'settled', to: 'before' };
  }
  if (hasLimits(tuning, to)) {
    return { kind: 'settled', to: 'after' };
  }
  const isBack = hasLimits(tuning, instead, to);
  return goOn(interrupted, isBack ? [] : [{ kind: 'setLimits', to: instead, from: to }], 'before');
}

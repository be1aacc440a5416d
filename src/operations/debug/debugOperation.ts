// Debuggers of a VM. Its steps are how it ends: they are written down before it begins, and run by the process that
// holds the debugger, or, if it was killed, by a recovery.
import type { Facts } from '../../domain/facts.js';
import type { OperationRequest } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { goOn } from '../interruptedStep.js';
import type { OperationDefinition } from '../operationDefinition.js';
import type { DraftPlan } from '../plan.js';
import { accessRefusal } from '../refusals.js';
import { noFacts, noFiles } from '../requiredFacts.js';

type DebugRequest = Extract<OperationRequest, { kind: 'debug' }>;

export const debugOperation: OperationDefinition<'debug'> = {
  plan: planDebug,
  recover: recoverDebug,
  requiredFacts: () => noFacts,
  requiredFiles: () => noFiles,
  refusesPaths: () => 'none',
  mindsCheckpoints: () => false,
};

function planDebug(request: DebugRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm } = facts;
  const obstacle = accessRefusal(facts, 'debug');
  if (obstacle !== undefined) {
    return obstacle;
  }
  if (!isActive(vm.power)) {
    return refuse('notRunning', { vm: vm.name, state: vm.power, wanted: 'guest' });
  }
  return {
    kind: 'plan',
    request,
    // In this order: as long as its server exists, the next process knows why the guest is paused.
    steps: [
      ...(vm.power === 'running' ? [{ kind: 'power', action: 'resume' } as const] : []),
      { kind: 'closeDebugger' },
    ],
    losses: [],
    warnings: [],
    progress: 'timeOnly',
  };
}

/**
 * | QEMU's server for debuggers                        | the VM | → |
 * |----------------------------------------------------|--------|---|
 * | none: another QEMU runs since, or all was done     | any    | nothing is left to do |
 * | there                                              | is paused, and ran before | the VM runs on, and it is closed |
 * | there                                              | any other | it is closed |
 */
function recoverDebug(interrupted: InterruptedOperation, { vm, debugger: server }: Facts): Recovery {
  const steps = interrupted.plan.steps.filter(({ kind }) => kind !== 'power' || vm.power === 'paused');
  return goOn(interrupted, server === 'left' ? steps : [], 'before');
}

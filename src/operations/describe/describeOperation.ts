// A snapshot gets another title or description.
import { findInterruptedStep } from '../interruptedStep.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { noFacts, noFiles } from '../requiredFacts.js';
import { planDescribe } from './planDescribe.js';

export const describeOperation: OperationDefinition<'describe'> = {
  plan: planDescribe,
  recover: (interrupted, facts) => ({
    kind: 'settled',
    to: findInterruptedStep(interrupted, facts) === interrupted.plan.steps.length ? 'after' : 'before',
  }),
  requiredFacts: () => noFacts,
  requiredFiles: () => noFiles,
  refusesPaths: () => 'none',
  mindsCheckpoints: () => true,
};

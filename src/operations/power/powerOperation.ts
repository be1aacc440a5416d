// A VM is started, stopped, paused, or goes on.
import { isOffAfter } from '../../domain/operation.js';
import { asksForWritten } from '../../domain/chains/strayQemu.js';
import { findInterruptedStep } from '../interruptedStep.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { factsOfAll, filesIn, noFacts, noFiles, presentFiles, withClaimed } from '../requiredFacts.js';
import { planPower } from './planPower.js';

export const powerOperation: OperationDefinition<'power'> = {
  plan: planPower,
  recover: (interrupted, facts) => ({
    kind: 'settled',
    to: findInterruptedStep(interrupted, facts) === interrupted.plan.steps.length ? 'after' : 'before',
  }),
  requiredFacts: ({ action }, known) => {
    const { vm, tree } = known;
    if (action === 'start') {
      // An image is nobody's only when it is known what the snapshots and the other VMs name.
      return { ...factsOfAll(known), blockJobs: false, written: asksForWritten(known) };
    }
    const resumes = action === 'resume' && vm.powerReason === 'fromSnapshot';
    return {
      ...noFacts,
      ...(vm.clone?.disposable === true && isOffAfter(action) ? { made: vm.uuid } : {}),
      frozenDisks: resumes ? tree.snapshots.flatMap(({ name, style }) => (style === 'external' ? [name] : [])) : [],
    };
  },
  requiredFiles: ({ action }, facts) => {
    if (action !== 'start') {
      return noFiles;
    }
    const overlays = facts.tree.snapshots.flatMap(({ disks }) => disks.flatMap(({ file }) => file ?? []));
    const { folders } = filesIn(facts, presentFiles(facts), []);
    return withClaimed({ ...filesIn(facts, [...presentFiles(facts), ...overlays], []), folders }, facts);
  },
  refusesPaths: () => 'none',
  mindsCheckpoints: () => false,
};

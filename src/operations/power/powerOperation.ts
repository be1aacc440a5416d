// A VM is started, stopped, paused, or goes on.
import { asksForWritten } from '../../domain/chains/lostQemu.js';
import { interruptedAt } from '../interruptedAt.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { filesIn, hasExternal, noFacts, noFiles, presentFiles } from '../requiredFacts.js';
import { planPower } from './planPower.js';

export const powerOperation: OperationDefinition<'power'> = {
  plan: planPower,
  recover: (interrupted, facts) => ({
    kind: 'settled',
    to: interruptedAt(interrupted, facts) === interrupted.plan.steps.length ? 'after' : 'before',
  }),
  requiredFacts: ({ action }, known) => {
    const { vm, tree } = known;
    const resumes = action === 'resume' && vm.powerReason === 'fromSnapshot';
    return {
      ...noFacts,
      // Who has a file below the VM's disk open is known only when it is known who else stands on it.
      otherVms: action === 'start' && hasExternal(tree),
      written: action === 'start' && asksForWritten(known),
      frozenDisks: resumes ? tree.snapshots.flatMap(({ name, style }) => (style === 'external' ? [name] : [])) : [],
    };
  },
  requiredFiles: ({ action }, facts) => {
    const overlays = facts.tree.snapshots.flatMap(({ disks }) => disks.flatMap(({ file }) => file ?? []));
    return action === 'start' ? { ...filesIn(facts, [...presentFiles(facts), ...overlays], []), folders: [] } : noFiles;
  },
  refusesPaths: () => 'none',
  mindsCheckpoints: () => false,
  needsName: ({ action }) => action !== 'start' && action !== 'resume',
};

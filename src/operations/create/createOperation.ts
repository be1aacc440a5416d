// A snapshot is taken.
import { stateFiles } from '../../domain/chains/stateCopies.js';
import { asksForWritten } from '../../domain/chains/strayQemu.js';
import { isActive } from '../../domain/vm.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { factsOfRam, filesIn, noFacts, presentFiles } from '../requiredFacts.js';
import { planCreate } from './planCreate.js';
import { asksForSeamless } from './seamlessness.js';
import { recoverCreate } from './recoverCreate.js';

export const createOperation: OperationDefinition<'create'> = {
  plan: planCreate,
  recover: recoverCreate,
  requiredFacts: (request, known) => {
    const { vm } = known;
    const active = isActive(vm.power);
    return {
      ...noFacts,
      blockJobs: active,
      agent: active && vm.agentChannel && request.quiesce === true,
      // What lies below the disks of a VM that is off may be another VM's.
      otherVms: !active,
      written: asksForWritten(known),
      ...asksForSeamless(request, known),
      ...(request.snapshotKind === 'memory' || request.snapshotKind === 'auto' ? factsOfRam(known) : {}),
    };
  },
  requiredFiles: (_, facts) => filesIn(facts, presentFiles(facts), stateFiles(facts.vm)),
  refusesPaths: () => 'withControls',
  mindsCheckpoints: () => true,
  /** If the guest stands still for it. */
};

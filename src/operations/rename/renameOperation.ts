// A snapshot gets another name.
import { nvramCopy } from '../../domain/chains/nvramCopy.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { filesIn, noFacts } from '../requiredFacts.js';
import { planRename } from './planRename.js';
import { recoverRename } from './recoverRename.js';

export const renameOperation: OperationDefinition<'rename'> = {
  plan: planRename,
  recover: recoverRename,
  requiredFacts: () => noFacts,
  requiredFiles: ({ snapshot }, facts) => {
    const { nvram } = facts.vm;
    return filesIn(facts, [], nvram === undefined ? [] : [nvramCopy(nvram, snapshot)]);
  },
  refusesPaths: () => 'none',
  mindsCheckpoints: () => true,
};

// The disks and networks of a running VM get other limits.
import { isActive } from '../../domain/vm.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { noFacts, noFiles } from '../requiredFacts.js';
import { planSpeed, recoverSpeed } from './planSpeed.js';

export const speedOperation: OperationDefinition<'speed'> = {
  plan: planSpeed,
  recover: recoverSpeed,
  requiredFacts: (_, { vm }) => ({ ...noFacts, ...(isActive(vm.power) ? { tuning: true } : {}) }),
  requiredFiles: () => noFiles,
  refusesPaths: () => 'none',
  mindsCheckpoints: () => false,
};

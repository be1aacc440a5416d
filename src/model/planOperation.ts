// The one door to the planners: a request and all that is known → a plan, or the reason why not. Pure: it asks nobody.
import type { OperationRequest } from './operation.js';
import type { Decision, Situation } from './plan.js';
import { planCreate } from './planCreate.js';
import { planDelete } from './planDelete.js';
import { planDescribe } from './planDescribe.js';
import { planPower } from './planPower.js';
import { planRevert } from './planRevert.js';

/**
 * Rules that rest on something undefined in the situation are passed over, so a plan that is made for a menu may still
 * be refused by the one that is made of a fresh look. `needs` tells what that look has to bring.
 */
export function planOperation(request: OperationRequest, situation: Situation): Decision {
  switch (request.type) {
    case 'create':
      return planCreate(request, situation);
    case 'revert':
      return planRevert(request, situation);
    case 'delete':
      return planDelete(request, situation);
    case 'describe':
      return planDescribe(request, situation);
    case 'power':
      return planPower(request, situation);
  }
}

/**
 * What a fresh situation must hold beside VM, tree and capabilities, for a request to be decided for good.
 *
 * | request          | VM                           | block jobs | frozen disks of all snapshots |
 * |------------------|------------------------------|------------|-------------------------------|
 * | create           | any                          | yes        | no                            |
 * | revert, delete   | any                          | yes        | yes                           |
 * | power: resume    | paused by a revert           | no         | yes                           |
 * | describe, power  | any                          | no         | no                            |
 *
 * The test driver has neither.
 */
export function needs(
  request: OperationRequest,
  { vm, capabilities }: Pick<Situation, 'vm' | 'capabilities'>,
): { readonly blockJobs: boolean; readonly frozenDisks: boolean } {
  if (capabilities.driver !== 'qemu') {
    return { blockJobs: false, frozenDisks: false };
  }
  const changes = request.type === 'revert' || request.type === 'delete';
  const resumes = request.type === 'power' && request.action === 'resume' && vm.powerReason === 'fromSnapshot';
  return { blockJobs: changes || request.type === 'create', frozenDisks: changes || resumes };
}

// The one door to the planners: a request and all that is known → a plan, or the reason why not. Pure: it asks nobody.
import type { OperationRequest } from './operation.js';
import type { Decision, Situation } from './plan.js';
import { planCreate } from './planCreate.js';
import { planDelete } from './planDelete.js';
import { planDescribe } from './planDescribe.js';
import { planPower } from './planPower.js';
import { planRevert } from './planRevert.js';
import type { Snapshot } from './snapshot.js';
import { leafFirst } from './snapshotTree.js';
import { isActive } from './vm.js';

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

/** What a fresh situation must hold beside VM, tree and capabilities, for a request to be decided for good. */
export interface Needs {
  readonly blockJobs: boolean;
  /** Names of the snapshots whose frozen disks the decision rests on. */
  readonly frozenDisks: readonly string[];
}

/**
 * | request                 | snapshots of the VM | block jobs | frozen disks of              |
 * |-------------------------|---------------------|------------|------------------------------|
 * | create                  | any                 | yes        | none                         |
 * | revert                  | internal only       | yes        | the one to revert to         |
 * | delete                  | internal only       | yes        | those that go                |
 * | revert, delete          | some external       | yes        | all                          |
 * | resume after a revert   | any                 | no         | the external ones            |
 * | describe, other power   | any                 | no         | none                         |
 *
 * A VM that is off has no block jobs, and the test driver has neither.
 */
export function needs(
  request: OperationRequest,
  { vm, tree, capabilities }: Pick<Situation, 'vm' | 'tree' | 'capabilities'>,
): Needs {
  if (capabilities.driver !== 'qemu' || request.type === 'describe') {
    return { blockJobs: false, frozenDisks: [] };
  }
  const external = tree.snapshots.filter(({ style }) => style === 'external');
  const names = (snapshots: readonly Snapshot[]): readonly string[] => snapshots.map(({ name }) => name);
  if (request.type === 'power') {
    const resumes = request.action === 'resume' && vm.powerReason === 'fromSnapshot';
    return { blockJobs: false, frozenDisks: resumes ? names(external) : [] };
  }
  const blockJobs = isActive(vm.power);
  if (request.type === 'create') {
    return { blockJobs, frozenDisks: [] };
  }
  if (external.length > 0) {
    return { blockJobs, frozenDisks: names(tree.snapshots) };
  }
  const touched = leafFirst(tree, request.snapshot);
  const all = request.type === 'delete' && request.scope === 'withDescendants';
  return { blockJobs, frozenDisks: names(all ? touched : touched.slice(-1)) };
}

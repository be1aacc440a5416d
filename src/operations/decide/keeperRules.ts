// What cannot be done to a VM that a cluster keeps, and what has to be said of what can.
import type { Warning } from '../../domain/consequences.js';
import type { Facts } from '../../domain/facts.js';
import { isHeldFor, type Keeper } from '../../domain/keeper.js';
import type { OperationRequest } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { isActive, type Vm } from '../../domain/vm.js';
import type { Step } from '../../steps/step.js';
import { applyAll } from '../../steps/steps.js';

/**
 * | request                                      | the cluster            | → |
 * |----------------------------------------------|------------------------|---|
 * | any but new words                            | sees no quorum here    | clusterWithoutQuorum: another node may run it |
 * | start, shut down, force off                  | keeps it               | keptByCluster: it would do the opposite |
 * | the same                                     | was told to let it be  | ok |
 * | any that puts a disk on another file         | starts it              | clusterStartsOther |
 * | any but new words, of a VM that is off here  | has it on another node | clusterRunsElsewhere |
 * | any other                                    | any                    | ok: it is held, or nobody minds |
 */
export function keeperRefusal(
  request: OperationRequest,
  steps: readonly Step[],
  facts: Facts,
): RefusedDecision | undefined {
  const keeper = keeperOf(facts);
  if (keeper === undefined) {
    return undefined;
  }
  const { name: vm } = facts.vm;
  const { resource, config } = keeper;
  if (keeper.withoutQuorum === true && keeper.rests !== 'byPerson' && !isOfWords(request)) {
    return refuse('clusterWithoutQuorum', { vm, resource });
  }
  if (request.kind === 'power' && switches.has(request.action) && keeper.rests !== 'byPerson') {
    return refuse('keptByCluster', { vm, resource, action: request.action });
  }
  const away = isOfWords(request) ? undefined : elsewhereRefusal(facts);
  if (away !== undefined) {
    return away;
  }
  const disk = steps.length === 0 ? undefined : movedDisk(facts.vm, applyAll(steps, facts).vm);
  return disk === undefined ? undefined : refuse('clusterStartsOther', { vm, resource, config, disk });
}

/** A host sees no lock that another one has on a file, so that its disks are in use there is known by this alone. */
export function elsewhereRefusal(facts: Facts): RefusedDecision | undefined {
  const { resource, elsewhere = [] } = keeperOf(facts) ?? {};
  return resource === undefined || elsewhere.length === 0 || isActive(facts.vm.power)
    ? undefined
    : refuse('clusterRunsElsewhere', { vm: facts.vm.name, resource, nodes: elsewhere.join(', ') });
}

export function keeperWarnings(request: OperationRequest, steps: readonly Step[], facts: Facts): readonly Warning[] {
  if (facts.keeper === 'unknown' && !isOfWords(request)) {
    return [{ kind: 'clusterUnseen' }];
  }
  if (!isHeldFor(request)) {
    return [];
  }
  const keeper = keeperOf(facts);
  if (keeper === undefined || keeper.rests === 'byPerson') {
    return [];
  }
  // This takes long for a long chain, and few VMs have a keeper.
  const isOn = isActive(applyAll(steps, facts).vm.power);
  const starts = !isOn && isActive(facts.vm.power) && keeper.toBeOff !== true;
  const then = starts ? 'starts' : isOn && keeper.toBeOff === true ? 'stops' : 'nothing';
  return [{ kind: 'leftByCluster', resource: keeper.resource, then }];
}

const switches: ReadonlySet<string> = new Set(['start', 'shutDown', 'save', 'forceOff']);

function isOfWords({ kind }: OperationRequest): boolean {
  return kind === 'describe' || kind === 'rename';
}

function keeperOf({ keeper }: Facts): Keeper | undefined {
  return typeof keeper === 'object' ? keeper : undefined;
}

/** Its file of before stays what the cluster starts it from. */
function movedDisk(before: Vm, after: Vm): string | undefined {
  const source = new Map(before.disks.map((disk) => [disk.target, disk.source]));
  return after.disks.find((disk) => source.has(disk.target) && source.get(disk.target) !== disk.source)?.target;
}

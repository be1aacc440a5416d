// Decides which files go with a clone: those that our record tells were made for it, and what its own snapshots put on
// top of them.
import { namedFiles, restingOn } from '../../domain/chains/fileUse.js';
import { isRamOf } from '../../domain/chains/memoryFiles.js';
import { ownStateCopies } from '../../domain/chains/stateCopies.js';
import { isSeedName } from '../../domain/cloudSeed.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import { lossesOfVm } from '../../domain/consequences.js';
import { isMissing } from '../../domain/chains/standsOn.js';
import type { Facts } from '../../domain/facts.js';
import type { OperationRequest } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { isActive, isOwnDisk, xmlChain } from '../../domain/vm.js';
import type { GoingFiles } from '../../steps/step.js';
import type { DraftPlan } from '../plan.js';
import { accessRefusal, unsteadyRefusal } from '../refusals.js';
import { savedRamOf } from '../requiredFacts.js';

/** What is no clone of ours is never thrown away, nor one on which another VM rests. */
export function planDiscard(
  request: Extract<OperationRequest, { kind: 'discard' }>,
  facts: Facts,
): DraftPlan | RefusedDecision {
  const { vm, tree } = facts;
  if (vm.clone === undefined) {
    return refuse('notOurClone', { vm: vm.name });
  }
  const [files, stay] = [filesOfClone(facts), filesThatStay(facts)];
  const problem =
    accessRefusal(facts, 'discard') ??
    unsteadyRefusal(vm, 'discard') ??
    otherVmRefusal(files, vm.power === 'off' ? facts : { ...facts, held: new Set() }, 'refuse');
  if (problem !== undefined) {
    return problem;
  }
  return {
    kind: 'plan',
    request,
    steps: [
      ...(isActive(vm.power) || vm.power === 'crashed' ? [{ kind: 'power', action: 'forceOff' } as const] : []),
      { kind: 'discardClone', files, ...identitiesOf(files, facts) },
    ],
    removes: files,
    losses: [...lossesOfVm(vm, tree.snapshots), ...(files.length === 0 ? [] : [{ kind: 'files', files } as const])],
    warnings: stay.length === 0 ? [] : [{ kind: 'filesStay', files: stay }],
    progress: 'timeOnly',
  };
}

/**
 * | a file                                                       | → |
 * |--------------------------------------------------------------|---|
 * | our record names it, it is what was made, the VM names it    | goes |
 * | the same, of a CD-ROM, a read-only or a shared disk          | stays |
 * | the same, of its own seed for cloud-init                     | goes |
 * | the VM or its snapshots name it, and it rests on one of those | goes |
 * | RAM and variables of its snapshots, where our record knows the VM and they are its own | go |
 * | any other that the VM or its mark names                      | stays |
 */
function filesOfClone(facts: Facts): readonly string[] {
  const { vm, tree, made = new Map<string, string | undefined>() } = facts;
  const named = namedFiles(facts);
  const guarded = new Set(vm.disks.filter((disk) => !isOwnDisk(disk)).flatMap(xmlChain));
  const own = [...made.keys()].filter(
    (file) => (named.has(file) && !guarded.has(file)) || file === vm.nvram || file === vm.tpmState || isSeedName(file),
  );
  if (own.length === 0) {
    return [];
  }
  const above = [...restingOn(facts, own)].filter((file) => own.includes(file) || named.has(file));
  const { nvram } = vm;
  const variables =
    nvram === undefined || !own.includes(nvram)
      ? []
      : tree.snapshots.flatMap((snapshot) => ownStateCopies({ nvram }, snapshot));
  const ram = tree.snapshots.flatMap(savedRamOf).filter((file) => isRamOf(file, facts));
  const isGuarded = (file: string): boolean => guarded.has(file) && !(isSeedName(file) && made.has(file));
  const going = [...above, ...variables, ...ram].filter((file) => !isGuarded(file) && !isMissing(file, facts));
  return [...new Set(going)];
}

/** Its mark, which anybody can write, or its disks name them, and nothing tells that they were made for it. */
function filesThatStay(facts: Facts): readonly string[] {
  const { vm } = facts;
  const going = new Set(filesOfClone(facts));
  const disks = vm.disks.filter(isOwnDisk).flatMap(({ source }) => (source?.startsWith('/') === true ? [source] : []));
  const all = new Set([...disks, ...(vm.clone?.files ?? []), ...(vm.nvram === undefined ? [] : [vm.nvram])]);
  return [...all].filter((file) => !going.has(file) && !isMissing(file, facts));
}

/** Nothing of it stays, and nothing goes that was not made for it. */
export function goesUnasked(facts: Facts): boolean {
  const { vm, tree, made, unasked = [] } = facts;
  return (
    unasked.length === 0 &&
    vm.clone?.disposable === true &&
    tree.snapshots.length === 0 &&
    filesThatStay(facts).length === 0 &&
    filesOfClone(facts).every((file) => made?.has(file) === true)
  );
}

/** As our record has them. */
export function identitiesOf(files: readonly string[], { made }: Facts): Pick<GoingFiles, 'identities'> {
  const known = files.flatMap((file) => {
    const identity = made?.get(file);
    return identity === undefined ? [] : [[file, identity] as const];
  });
  return known.length === 0 ? {} : { identities: Object.fromEntries(known) };
}

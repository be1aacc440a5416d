// Decides which files go with a clone: those that were made for it, and what its own snapshots put on top of them.
import { namedFiles, restingOn } from '../../domain/chains/fileUse.js';
import { nvramCopy } from '../../domain/chains/nvramCopy.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import { isMissing } from '../../domain/chains/standing.js';
import type { Facts } from '../../domain/facts.js';
import type { OperationRequest } from '../../domain/operation.js';
import { type Refused, refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import type { Draft } from '../plan.js';
import { accessRefusal, unsteadyRefusal } from '../refusals.js';

/** What is no clone of ours is never thrown away, nor one on which another VM rests. */
export function planDiscard(request: Extract<OperationRequest, { kind: 'discard' }>, facts: Facts): Draft | Refused {
  const { vm, tree } = facts;
  if (vm.clone === undefined) {
    return refuse('notOurClone', { vm: vm.name });
  }
  const files = filesOfClone(facts);
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
      { kind: 'discardClone', files },
    ],
    removes: files,
    losses: [
      ...(isActive(vm.power) ? [{ kind: 'ram' } as const] : []),
      // It goes with the definition.
      ...(vm.managedSave ? [{ kind: 'managedSave' } as const] : []),
      ...(tree.snapshots.length === 0
        ? []
        : [{ kind: 'restorePoints', names: tree.snapshots.map(({ name }) => name) } as const]),
      { kind: 'files', files },
    ],
    warnings: [],
    progress: 'timeOnly',
  };
}

function filesOfClone(facts: Facts): readonly string[] {
  const { vm, tree } = facts;
  const named = namedFiles(facts);
  // A mark is text that anybody can change: what the VM does not name is not taken for its own.
  const files = (vm.clone?.files ?? []).filter((file) => named.has(file) || file === vm.nvram);
  const variables =
    vm.nvram === undefined || !files.includes(vm.nvram)
      ? []
      : tree.snapshots.map(({ name }) => nvramCopy(vm.nvram ?? '', name));
  const ram = tree.snapshots.flatMap(({ memory }) => memory.file ?? []);
  return [...new Set([...restingOn(facts, files), ...variables, ...ram])].filter((file) => !isMissing(file, facts));
}

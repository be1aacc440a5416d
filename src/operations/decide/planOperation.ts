// The one door to the planners: a request and all that is known → a plan, or the reason why not. Pure: it asks nobody.
import type { OperationRequest } from '../../domain/operation.js';
import type { Warning } from '../../domain/consequences.js';
import { captureBefore } from '../captureBefore.js';
import { beingWrittenRefusal } from '../beingWrittenRefusal.js';
import type { Decision, DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { CompleteFacts } from '../completeFacts.js';
import { definitionOf, requiredFacts } from './planners.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { controlInPathRefusal, pathRefusal } from '../../domain/chains/samePath.js';
import { stepsOverChangedRefusal } from './stepsOverChanged.js';
import { ringRefusal } from '../../domain/chains/backingRing.js';
import { volumeRefusal } from '../volumeRefusal.js';
import { wholeChain } from '../../domain/chains/backingChain.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { imageOf, overlayOf } from '../../domain/chains/frozenContent.js';
import { keeperRefusal, keeperWarnings } from './keeperRules.js';
import { isActive } from '../../domain/vm.js';
import type { Step } from '../../steps/step.js';
import { applyAll, layersUsedBy } from '../../steps/steps.js';

// What a plan would leave without its base. While a VM is on, libvirt and QEMU move nothing but the chain that it runs
// on; a VM that was defined on an older layer runs beside the overlay with what came after.

/**
 * | an overlay of a snapshot that stays                     | → |
 * |---------------------------------------------------------|---|
 * | the VM runs on it, or a snapshot's frozen disk is on it | ok: the rules about branches see to it |
 * | it goes too, or was not seen                            | ok |
 * | otherwise, on a layer that is given up                  | usedByImage |
 */
function overlayLeftRefusal(steps: readonly Step[], facts: Facts): RefusedDecision | undefined {
  const { vm } = facts;
  const beside = isActive(vm.power) && steps.length > 0 ? overlaysBeside(facts) : [];
  if (beside.length === 0) {
    return undefined;
  }
  const { givenUp } = layersUsedBy(steps, facts);
  const left = new Set(applyAll(steps, facts).tree.snapshots.map(({ name }) => name));
  const found = beside.find(
    ({ snapshot, image, file }) => left.has(snapshot) && givenUp.has(file) && !givenUp.has(image),
  );
  return found && refuse('usedByImage', { vm: vm.name, image: found.image, file: found.file });
}

/** The overlays of snapshots, each with the file below it, that neither the VM nor a frozen file uses. */
function overlaysBeside(facts: Facts) {
  const { vm, tree, frozenDisks } = facts;
  const made = tree.snapshots.flatMap((snapshot) =>
    externalTargets(snapshot).flatMap((target) => {
      const image = overlayOf(snapshot, target);
      const file = imageOf(image, facts)?.backing?.file;
      return image === undefined || file === undefined ? [] : [{ snapshot: snapshot.name, image, file }];
    }),
  );
  const left = new Set(made.map(({ image }) => image));
  for (const disk of [...vm.disks, ...[...(frozenDisks?.values() ?? [])].flat()]) {
    // As a rule the VM itself is on all of them, and the other chains, each nearly as long, tell nothing more.
    if (left.size === 0) {
      break;
    }
    wholeChain(disk, facts).forEach((file) => left.delete(file));
  }
  return made.filter(({ image }) => left.has(image));
}

/**
 * Rules that rest on something undefined in the facts are passed over, so a plan that is made for a menu may still be
 * refused by the one that is made of a fresh look (`planToExecute`). `requiredFacts` tells what that look has to bring.
 */
export function planOperation(request: OperationRequest, facts: Facts): Decision {
  const draft = decide(request, facts);
  if (draft.kind === 'refusal') {
    return draft;
  }
  const plan = { ...draft, before: captureBefore(draft, facts) };
  const connections = unaskedConnections(request, facts);
  const more: readonly Warning[] = [
    ...(connections.length === 0 ? [] : [{ kind: 'unaskedConnections' as const, connections }]),
    ...keeperWarnings(request, plan.steps, facts),
  ];
  return more.length === 0 ? plan : { ...plan, warnings: [...plan.warnings, ...more] };
}

/** Connections whose VMs matter to it, and were not asked. */
export function unaskedConnections(request: OperationRequest, facts: Facts): readonly string[] {
  const { unasked = [] } = facts;
  return unasked.length > 0 && requiredFacts(request, facts).otherVms ? unasked : [];
}

function decide(request: OperationRequest, facts: Facts): DraftPlan | RefusedDecision {
  const isBeingWritten = beingWrittenRefusal(facts, request);
  if (isBeingWritten !== undefined) {
    return isBeingWritten;
  }
  const { plan, refusesPaths } = definitionOf(request);
  const paths = refusesPaths(request);
  const refused =
    paths === 'unclear' ? pathRefusal(facts) : paths === 'withControls' ? controlInPathRefusal(facts) : undefined;
  const ring = paths === 'none' ? undefined : ringRefusal(facts);
  const decision = refused ?? ring ?? volumeRefusal(request, facts) ?? plan(request, facts);
  const { steps } = decision.kind === 'refusal' ? { steps: [] } : decision;
  return (
    keeperRefusal(request, steps, facts) ??
    stepsOverChangedRefusal(steps, facts) ??
    overlayLeftRefusal(steps, facts) ??
    decision
  );
}

/** What may be carried out: nothing that was asked for is missing. */
export function planToExecute(request: OperationRequest, facts: CompleteFacts): Decision {
  return planOperation(request, facts);
}

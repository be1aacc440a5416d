// The one door to the planners: a request and all that is known → a plan, or the reason why not. Pure: it asks nobody.
import type { OperationRequest } from '../../domain/operation.js';
import { captureBefore } from '../captureBefore.js';
import { beingWrittenRefusal } from '../beingWrittenRefusal.js';
import type { Decision, DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { CompleteFacts } from '../completeFacts.js';
import { definitionOf, requiredFacts } from './planners.js';
import type { RefusedDecision } from '../../domain/refusal.js';
import { controlInPathRefusal, pathRefusal } from '../../domain/chains/samePath.js';
import { overlayLeftRefusal } from './overlaysLeft.js';
import { stepsOverChangedRefusal } from './stepsOverChanged.js';
import { volumeRefusal } from '../volumeRefusal.js';

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
  return connections.length === 0
    ? plan
    : { ...plan, warnings: [...plan.warnings, { kind: 'unaskedConnections', connections }] };
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
  const decision = refused ?? volumeRefusal(request, facts) ?? plan(request, facts);
  const { steps } = decision.kind === 'refusal' ? { steps: [] } : decision;
  return stepsOverChangedRefusal(steps, facts) ?? overlayLeftRefusal(steps, facts) ?? decision;
}

/** What may be carried out: nothing that was asked for is missing. */
export function planToExecute(request: OperationRequest, facts: CompleteFacts): Decision {
  return planOperation(request, facts);
}

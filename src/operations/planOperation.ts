// The one door to the planners: a request and all that is known → a plan, or the reason why not. Pure: it asks nobody.
import type { OperationRequest, Repair } from '../domain/operation.js';
import { beforeOf } from './beforeOf.js';
import type { Decision, Draft } from './plan.js';
import type { Facts } from '../domain/facts.js';
import type { CompleteFacts } from './completeFacts.js';
import { requiredFacts } from './requiredFacts.js';
import { planConsolidate } from './consolidate/planConsolidate.js';
import { planCreate } from './create/planCreate.js';
import { planDelete } from './delete/planDelete.js';
import { planDescribe } from './describe/planDescribe.js';
import { planPower } from './power/planPower.js';
import { planPrune } from './prune/planPrune.js';
import { planRename } from './rename/planRename.js';
import { planRepair } from './repair/planRepair.js';
import { planRevert } from './revert/planRevert.js';
import type { Refused } from '../domain/refusal.js';
import { controlInPathRefusal, pathRefusal } from '../domain/chains/samePath.js';

/**
 * Rules that rest on something undefined in the facts are passed over, so a plan that is made for a menu may still
 * be refused by the one that is made of a fresh look (`planForGood`). `requiredFacts` tells what that look has to bring.
 */
export function planOperation(request: OperationRequest, facts: Facts): Decision {
  const draft = decide(request, facts);
  if (draft.kind === 'refusal') {
    return draft;
  }
  const plan = { ...draft, before: beforeOf(draft, facts) };
  const { unasked = [] } = facts;
  return unasked.length === 0 || !requiredFacts(request, facts).otherVms
    ? plan
    : { ...plan, warnings: [...plan.warnings, { kind: 'unaskedConnections', connections: unasked }] };
}

function decide(request: OperationRequest, facts: Facts): Draft | Refused {
  switch (request.kind) {
    case 'create':
      return controlInPathRefusal(facts) ?? planCreate(request, facts);
    case 'revert':
      return pathRefusal(facts) ?? planRevert(request, facts);
    case 'delete':
      return pathRefusal(facts) ?? planDelete(request, facts);
    case 'rename':
      return planRename(request, facts);
    case 'repair':
      return (touchesFiles(request.repair) ? pathRefusal(facts) : undefined) ?? planRepair(request, facts);
    case 'describe':
      return planDescribe(request, facts);
    case 'power':
      return planPower(request, facts);
    case 'consolidate':
      return pathRefusal(facts) ?? planConsolidate(request, facts);
    case 'prune':
      return pathRefusal(facts) ?? planPrune(request, facts);
  }
}

/** What may be carried out: nothing that was asked for is missing. */
export function planForGood(request: OperationRequest, facts: CompleteFacts): Decision {
  return planOperation(request, facts);
}

function touchesFiles({ kind: what }: Repair): boolean {
  return what !== 'resumeAfterSave' && what !== 'thawGuest' && what !== 'keepVm';
}

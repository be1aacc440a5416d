// The one door to the planners: a request and all that is known → a plan, or the reason why not. Pure: it asks nobody.
import type { OperationRequest, Repair } from '../domain/operation.js';
import type { Decision } from './plan.js';
import type { Situation } from '../domain/situation.js';
import type { CompleteSituation } from './completeFacts.js';
import { needs } from './needs.js';
import { planConsolidate } from './consolidate/planConsolidate.js';
import { planCreate } from './create/planCreate.js';
import { planDelete } from './delete/planDelete.js';
import { planDescribe } from './describe/planDescribe.js';
import { planPower } from './power/planPower.js';
import { planPrune } from './prune/planPrune.js';
import { planRename } from './rename/planRename.js';
import { planRepair } from './repair/planRepair.js';
import { planRevert } from './revert/planRevert.js';
import { controlInPathObstacle, pathObstacle } from '../domain/chains/samePath.js';

/**
 * Rules that rest on something undefined in the situation are passed over, so a plan that is made for a menu may still
 * be refused by the one that is made of a fresh look (`planForGood`). `needs` tells what that look has to bring.
 */
export function planOperation(request: OperationRequest, situation: Situation): Decision {
  const decision = decide(request, situation);
  const { unasked = [] } = situation;
  return decision.kind === 'refusal' || unasked.length === 0 || !needs(request, situation).otherVms
    ? decision
    : { ...decision, warnings: [...decision.warnings, { kind: 'unaskedConnections', connections: unasked }] };
}

function decide(request: OperationRequest, situation: Situation): Decision {
  switch (request.kind) {
    case 'create':
      return controlInPathObstacle(situation) ?? planCreate(request, situation);
    case 'revert':
      return pathObstacle(situation) ?? planRevert(request, situation);
    case 'delete':
      return pathObstacle(situation) ?? planDelete(request, situation);
    case 'rename':
      return planRename(request, situation);
    case 'repair':
      return (touchesFiles(request.repair) ? pathObstacle(situation) : undefined) ?? planRepair(request, situation);
    case 'describe':
      return planDescribe(request, situation);
    case 'power':
      return planPower(request, situation);
    case 'consolidate':
      return pathObstacle(situation) ?? planConsolidate(request, situation);
    case 'prune':
      return pathObstacle(situation) ?? planPrune(request, situation);
  }
}

/** What may be carried out: nothing that was asked for is missing. */
export function planForGood(request: OperationRequest, situation: CompleteSituation): Decision {
  return planOperation(request, situation);
}

function touchesFiles({ kind: what }: Repair): boolean {
  return what !== 'resumeAfterSave' && what !== 'thawGuest' && what !== 'keepVm';
}

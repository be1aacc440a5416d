// The one rule over the steps of any plan, before the first and between two of them: every layer that they take in,
// write into or give up is what we noted of it.
import { changedLayerRefusal } from '../../domain/chains/frozenLayers.js';
import type { Facts } from '../../domain/facts.js';
import type { RefusedDecision } from '../../domain/refusal.js';
import type { Step } from '../../steps/step.js';
import { layersUsedBy } from '../../steps/steps.js';

export function stepsOverChangedRefusal(steps: readonly Step[], facts: Facts): RefusedDecision | undefined {
  return facts.frozenRecords && changedLayerRefusal(layersUsedBy(steps, facts), facts);
}

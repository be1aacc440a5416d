// The sentences under the figures say what the figures say, also where that is little.
import assert from 'node:assert/strict';
import type { LayerCost } from '../../../src/domain/layerCost.js';
import { layerCostSentences } from '../../../src/text/problems/layerCostText.js';

const cost = (layers: number, firstWrite: number, read: number): LayerCost => ({
  layers,
  firstWrite,
  read,
  nextWrite: 10,
});

describe('what layers cost, in words', () => {
  it('says how many times as long, where the difference is clear', () => {
    const [first, more, read] = layerCostSentences([cost(0, 10, 5), cost(1, 71, 5.1), cost(8, 142, 8)]);
    assert.match(first!, /causes the cost.* 7\.1 times/);
    assert.match(more!, /8 layers.* 2\.0 times/);
    assert.match(read!, /1\.6 times as long below 8 layers/);
  });

  it('says so where there is next to none', () => {
    const [first, more, read] = layerCostSentences([cost(8, 11, 5.2), cost(0, 10, 5), cost(1, 12, 5)]);
    assert.match(first!, /no clear difference this time \(1\.2 times/);
    assert.match(more!, /not take clearly longer than with one/);
    assert.match(read!, /not take clearly longer below 8 layers/);
  });

  it('says nothing of what was not measured', () => {
    assert.deepEqual(layerCostSentences([]), []);
    assert.deepEqual(layerCostSentences([cost(0, 1, 1), cost(1, 1, 1)]), []);
  });
});

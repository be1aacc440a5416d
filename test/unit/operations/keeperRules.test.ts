// What is planned for a VM whose cluster is not known, or knows too little itself.
import assert from 'node:assert/strict';
import type { KeptBy } from '../../../src/domain/keeper.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { ask, facts, internal, tree } from '../domain/someFacts.js';

const web = { resource: 'web', elsewhere: [], mayRunOn: ['n1'], config: '/etc/cluster/web.xml' } as const;
const requests = { stop: ask.power('shutDown'), start: ask.power('forceOff'), revert: ask.revert('s') } as const;

describe('a VM that a cluster may keep', () => {
  function planned(request: keyof typeof requests, keeper: KeptBy): string {
    const known = facts({ keeper, tree: tree([internal('s')], 's') });
    const decision = planOperation(requests[request], known);
    return decision.kind === 'refusal'
      ? decision.refusal.reason
      : (decision.warnings.map(({ kind }) => kind).find((kind) => /cluster/iu.test(kind)) ?? 'plan');
  }
  const all = (keeper: KeptBy): readonly string[] =>
    (['stop', 'start', 'revert'] as const).map((request) => planned(request, keeper));

  it('is not changed without a word where that is not known', () => {
    assert.deepEqual(all('unknown'), ['clusterUnseen', 'clusterUnseen', 'clusterUnseen']);
    assert.deepEqual(all('nobody'), ['plan', 'plan', 'plan']);
  });

  it('is left alone where its host sees less than half of the nodes, unless a person took it from the cluster', () => {
    const lost = { ...web, withoutQuorum: true } as const;
    assert.deepEqual(
      all({ ...lost, rests: 'no' }),
      Array.from({ length: 3 }, () => 'clusterWithoutQuorum'),
    );
    assert.deepEqual(all({ ...lost, rests: 'byPerson' }), ['plan', 'plan', 'plan']);
    assert.deepEqual(all({ ...web, rests: 'no' }), ['keptByCluster', 'keptByCluster', 'leftByCluster']);
  });
});

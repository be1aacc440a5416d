import assert from 'node:assert/strict';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { refuse } from '../../../../src/domain/refusal.js';
import type { EnginePort } from '../../../../src/engine/enginePort.js';
import type { VmView } from '../../../../src/live/views.js';
import { planMove } from '../../../../src/wings/cluster/move/planMove.js';
import type { Sides } from '../../../../src/wings/cluster/move/sides.js';
import { MoveFault } from '../../../../src/wings/cluster/moveFault.js';

describe('the plan of a move', () => {
  it('does not send somebody to the cluster with a VM whose snapshots the cluster would lose', async () => {
    const engine = {
      connections: [],
      plan: () => Promise.resolve(refuse('keptByCluster', { vm: 'web', resource: 'kept', action: 'start' })),
    } as unknown as EnginePort;
    const sides = { from: { connection: 'one' }, to: { connection: 'two' } } as Sides;
    for (const snapshotCount of [0, 1]) {
      const view = { vm: { power: 'running' }, ref: { uuid: 'u', connection: 'one' }, snapshotCount } as VmView;
      await assert.rejects(planMove(engine, view, sides, { folder: join(tmpdir(), 'none') }), (error) => {
        assert.ok(error instanceof MoveFault);
        assert.deepEqual(error.problem, { kind: 'ofCluster', resource: 'kept', snapshots: snapshotCount > 0 });
        return true;
      });
    }
  });
});

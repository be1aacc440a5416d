// A host on which each answer takes its time decides as an idle one: the same plans, and no reason that only load
// explains.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { Decision, Plan } from '../../src/operations/plan.js';
import { stillHolds } from '../../src/operations/planIdentity.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

/** How many programs compute beside, each as much as it can. */
const loads = [6, 30];
const rounds = 6;

describe('a loaded host', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    // Each of these is asked for each plan.
    const others = Array.from({ length: 10 }, (_, at) => `other-${String(at)}`);
    for (const name of [...loads.map(nameOf), ...others]) {
      await r.guest({ name });
      await r.engine.refresh({ connection: r.uri });
      const vm = await r.ref(name);
      for (const title of ['a', 'b', 'c']) {
        await r.engine.runOperation({ kind: 'create', vm, title, style: 'external', snapshotKind: 'offline' });
      }
    }
    await r.virsh('start', 'other-0');
    await r.virsh('start', 'other-1');
  });
  after(() => r.stop());

  const requestsOf = async (name: string): Promise<readonly [OperationRequest, ...OperationRequest[]]> => {
    const vm = await r.ref(name);
    const [a = '', b = ''] = (await r.engine.readTree(vm)).snapshots.map((snapshot) => snapshot.name);
    const clone = { name: `${name}-clone`, uuid: '5f0c1f3e-0000-4000-8000-000000000001' };
    return [
      { kind: 'revert', vm, snapshot: a, after: 'off', checkpointFirst: false },
      { kind: 'revert', vm, snapshot: a, after: 'running', checkpointFirst: true },
      { kind: 'delete', vm, snapshot: b, scope: 'one' },
      { kind: 'prune', vm, snapshots: [a, b] },
      { kind: 'clone', vm, clone, way: 'linked', network: 'unplugged', snapshot: a },
    ];
  };

  for (const count of loads) {
    it(`of ${String(count)} busy programs decides as an idle one, and does what was confirmed`, async () => {
      const requests = await requestsOf(nameOf(count));
      const [revert] = requests;
      const idle: Decision[] = [];
      for (const request of requests) {
        idle.push(await r.engine.plan(request));
      }
      assert.deepEqual(
        idle.filter(({ kind }) => kind !== 'plan'),
        [],
      );
      const end = busyBeside(count);
      try {
        for (let round = 0; round < rounds; round += 1) {
          const now = await Promise.all(requests.map((request) => r.engine.plan(request)));
          now.forEach((decision, at) => {
            const before = idle[at];
            const isSame = before?.kind === 'plan' && decision.kind === 'plan' && stillHolds(before, decision);
            assert.ok(isSame, `${requests[at]?.kind ?? ''}: ${JSON.stringify(decision)}`);
          });
        }
        const confirmed = idle[0] as Plan;
        const { state } = await r.engine.runOperation(revert, { confirmed });
        assert.equal(state, 'off');
      } finally {
        end();
      }
    });
  }
});

function nameOf(load: number): string {
  return `web-${String(load)}`;
}

/** @returns ends them */
function busyBeside(count: number): () => void {
  const programs = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  return () => programs.forEach((program) => program.kill('SIGKILL'));
}

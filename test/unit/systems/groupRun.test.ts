// What an operation on a system leaves in the journal where it ends before anything is touched. No VM is there.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import type { GroupLease } from '../../../src/engine/operationService.js';
import { GroupRun } from '../../../src/systems/groupRun.js';
import type { SystemPlan } from '../../../src/systems/systemPlan.js';
import { silentLog } from '../../silentLog.js';

describe('an operation on a system', () => {
  for (const [what, requireAlone] of [
    ['is cancelled while it is written down', () => Promise.reject(new Failure('cancelled'))],
    [
      'finds another one that began just then',
      async (withdraw: () => Promise<void>) => {
        await withdraw();
        throw new Failure('busy');
      },
    ],
  ] as const satisfies readonly (readonly [string, GroupLease['requireAlone']])[]) {
    it(`that ${what} leaves nothing behind that would hold its members`, async () => {
      const written: string[] = [];
      const options = {
        engine: { leaseAll: (_: unknown, work: (turn: object) => Promise<unknown>) => work({ requireAlone }) },
        groups: {
          begin: () => {
            written.push('begin');
            return Promise.resolve({ end: () => Promise.resolve(written.push('end')) });
          },
        },
        clock: { ticks: () => 0, now: () => 0 },
        log: silentLog,
      } as unknown as ConstructorParameters<typeof GroupRun>[0];
      const plan: SystemPlan = {
        kind: 'checkpoint',
        system: { id: 's', name: 'shop', members: [] },
        point: { id: 'p', title: 'clean' },
        members: [],
        ends: new Map(),
      };
      await assert.rejects(new GroupRun(options).run(plan));
      assert.deepEqual(written, ['begin', 'end']);
    });
  }
});

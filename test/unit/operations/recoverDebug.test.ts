// A debugger whose end broke off, wherever that was: the guest goes on.
import assert from 'node:assert/strict';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { applyAll } from '../../../src/steps/steps.js';
import { facts, planned, ref, vm } from '../domain/someFacts.js';
import { broken } from './recoveryShapes.js';

describe('a debugger that was killed', () => {
  const request = { kind: 'debug', vm: ref } as const;
  const plan = planned(request, facts({ vm: vm({ power: 'running' }) }));
  const stopped = facts({ vm: vm({ power: 'paused' }), debugger: 'left' });

  for (let done = 0; done <= plan.steps.length; done++) {
    it(`leaves a guest that runs, and nobody who listens, behind ${done} of the steps of its end`, () => {
      const present = applyAll(plan.steps.slice(0, done), stopped);
      const recovery = planRecovery(broken(request, plan, 0, 'begun'), present);
      assert.ok(recovery.kind !== 'explain');
      const { vm: at, debugger: server } = applyAll(recovery.kind === 'steps' ? recovery.plan.steps : [], present);
      assert.deepEqual([at.power, server], ['running', 'none']);
    });
  }
});

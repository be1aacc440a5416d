// What changes a running VM and was broken off: its speed, and a debugger. By each present that is found then.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { PowerState } from '../../../src/domain/vm.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { facts, planned, ref, vm } from '../domain/someFacts.js';
import { broken } from './recoveryShapes.js';

const at = (power: PowerState, more: Partial<Facts> = {}): Facts => facts({ vm: vm({ power }), ...more });
const ends = (request: OperationRequest, from: Facts, now: Facts): string => {
  const recovery = planRecovery(broken(request, planned(request, from), 0, 'begun'), now);
  return recovery.kind === 'steps'
    ? `${recovery.to}: ${recovery.plan.steps.map((step) => (step.kind === 'power' ? step.action : step.kind)).join(' ')}`
    : recovery.kind === 'settled'
      ? recovery.to
      : recovery.why.reason;
};

describe('a speed that was broken off', () => {
  const [slow, old, foreign] = [{ total_iops_sec: 120 }, { read_iops_sec: 7 }, { total_iops_sec: 3 }];
  const tuned = (vda: object, vdb: object): Partial<Facts> => ({
    tuning: { disks: { vda, vdb } as Record<string, Record<string, number>>, networks: {} },
  });
  const request: OperationRequest = { kind: 'speed', vm: ref, to: { disks: { vda: slow, vdb: slow }, networks: {} } };
  const from = at('running', tuned({}, old));

  for (const [title, now, expected] of [
    ['nothing of it', from, 'before'],
    ['the first disk', at('running', tuned(slow, old)), 'before: setLimits'],
    ['both disks', at('running', tuned(slow, slow)), 'after'],
    ['the second disk alone', at('paused', tuned({}, slow)), 'before: setLimits'],
    ['what somebody else has set since', at('running', tuned(foreign, old)), 'before'],
    ['one of both beside that', at('running', tuned(foreign, slow)), 'before: setLimits'],
    ['a disk that is gone', at('running', { tuning: { disks: { vda: slow }, networks: {} } }), 'after'],
    ['a VM that is off', at('off'), 'before'],
    ['a VM that crashed', at('crashed'), 'before'],
  ] as const satisfies readonly (readonly [string, Facts, string])[]) {
    it(`finds ${title}`, () => assert.equal(ends(request, from, now), expected));
  }
});

describe('a debugger that was broken off', () => {
  const request: OperationRequest = { kind: 'debug', vm: ref };

  for (const [before, now, server, expected] of [
    ['running', 'paused', 'left', 'before: resume closeDebugger'],
    ['running', 'running', 'left', 'before: closeDebugger'],
    ['paused', 'paused', 'left', 'before: closeDebugger'],
    ['running', 'paused', 'none', 'before'],
    ['running', 'running', 'none', 'before'],
    ['running', 'off', undefined, 'before'],
    ['running', 'crashed', undefined, 'before'],
  ] as const satisfies readonly (readonly [PowerState, PowerState, Facts['debugger'], string])[]) {
    it(`of a VM that was ${before}, is ${now}; the server: ${server ?? 'not asked'}`, () => {
      const present = at(now, server === undefined ? {} : { debugger: server });
      assert.equal(ends(request, at(before), present), expected);
    });
  }
});

// Repairs that broke off, wherever that was: they come to the end that they would have had.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { planRecovery } from '../../../src/operations/planRecovery.js';
import { image, over } from '../domain/hostFiles.js';
import { external, ref, shortSteps, tree } from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { withImage, withoutFile } from '../../../src/steps/changedFacts.js';
import { base, broken, old, outside } from './recoveryShapes.js';

/** What each recovery does when the plan broke off right behind each of its steps. */
function recoveries(request: OperationRequest, from: Facts): readonly string[] {
  const plan = planOperation(request, from);
  assert.ok(plan.kind === 'plan', JSON.stringify(plan));
  let present = from;
  return plan.steps.map((step, at) => {
    present = apply(step, present);
    const recovery = planRecovery(broken(request, plan, at, 'begun'), present);
    return recovery.kind === 'steps'
      ? `${recovery.to}: ${shortSteps(recovery.plan)}`
      : recovery.kind === 'settled'
        ? recovery.to
        : recovery.why.reason;
  });
}

describe('recoverRepair: a snapshot to forget, broken off behind each step', () => {
  const forget = { kind: 'repair', vm: ref, repair: { kind: 'forgetSnapshot', snapshot: 'a' } } as const;
  const rows: readonly (readonly [what: string, from: Facts])[] = [
    ['its file is gone', withImage(withImage(outside(), '/img/web.a', image()), base, 'missing')],
    ['what came after it was merged into its file, and does not come after it any more', merged()],
  ];
  for (const [what, from] of rows) {
    it(what, () => {
      assert.deepEqual(recoveries(forget, from), ['after: b^ forget a', 'after']);
    });
  }

  function merged(): Facts {
    const before = withImage(outside({ disks: [] }), '/img/web.b', over(base));
    const [disk] = outside().vm.disks;
    return { ...before, vm: { ...before.vm, disks: [{ ...disk!, backing: [base] }] } };
  }
});

describe('recoverRepair: a snapshot of which the disks are kept, broken off behind each step', () => {
  const keep = { kind: 'repair', vm: ref, repair: { kind: 'keepDisks', snapshot: 'a' } } as const;
  const withRam = { state: 'running', memory: 'external', memoryFile: '/img/web.a.mem' } as const;
  const without = (from: Facts): Facts => withoutFile(from, '/img/web.a.mem');

  it('goes on from there', () => {
    const from = without(outside({}, {}, external('a', undefined, withRam)));
    assert.deepEqual(recoveries(keep, from), ['after: b^a-2 forget a', 'after: forget a', 'after']);
  });

  it('moves the mark of the current one too', () => {
    const of = tree([external('a', undefined, withRam)], 'a');
    const from = without(outside({}, { ...old, tree: of }, external('a', undefined, withRam)));
    assert.deepEqual(recoveries(keep, from), ['after: a-2= forget a', 'after: forget a', 'after']);
  });

  it('leaves all as it was where nothing was begun', () => {
    const from = without(outside({}, {}, external('a', undefined, withRam)));
    const plan = planOperation(keep, from);
    assert.ok(plan.kind === 'plan');
    assert.deepEqual(planRecovery(broken(keep, plan, 0, 'begun'), from), { kind: 'settled', to: 'before' });
  });
});

// A daemon that died within one call of libvirt's: what it did to the images, and did not write down.
import assert from 'node:assert/strict';
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { planRecovery } from '../../../src/operations/planRecovery.js';
import type { Recovery } from '../../../src/operations/interrupted.js';
import { image } from '../domain/hostFiles.js';
import { all, base, broken, inside, keep } from './recoveryShapes.js';
import { ask } from '../domain/someFacts.js';
import { powered, withImage } from '../../../src/steps/changedFacts.js';

const steps = (recovery: Recovery): readonly string[] | string =>
  recovery.kind === 'steps'
    ? recovery.plan.steps.map((step) => ('snapshot' in step ? `${step.kind} ${step.snapshot}` : step.kind))
    : recovery.kind === 'settled'
      ? recovery.to
      : recovery.why.reason;

describe('a revert that libvirt had done to the images, and not to what it knows', () => {
  const request = keep(ask.revert('a'));
  const before = inside();
  const plan = planOperation(request, before) as Plan;
  const at = plan.steps.findIndex((step) => step.kind === 'revert');
  const left = powered('off', all(plan.steps.slice(0, at), before));
  const tags = ['a', 'b', plan.checkpoint ?? ''];
  const rows: readonly (readonly [what: string, Partial<ImageFacts>, expected: readonly string[] | string])[] = [
    ['hold the checkpoint still', { unchangedSince: [plan.checkpoint ?? ''] }, ['revert a', 'setGuestClock']],
    ['hold the snapshot already', { unchangedSince: ['a'] }, ['revert a', 'setGuestClock']],
    ['hold what no snapshot holds', { unchangedSince: [] }, 'before'],
  ];
  for (const [what, facts, expected] of rows) {
    it(`the images ${what}: ${String(expected)}`, () => {
      const now = withImage(left, base, image({ tags, ...facts }));
      assert.deepEqual(steps(planRecovery(broken(request, plan, at, 'begun'), now)), expected);
    });
  }
});

describe('a delete that libvirt had done to the images, and not to what it knows', () => {
  const request = ask.remove('a', 'withDescendants');
  const before: Facts = inside({ power: 'off' });
  const plan = planOperation(request, before) as Plan;
  const rows: readonly (readonly [tags: readonly string[] | undefined, expected: readonly string[] | string])[] = [
    [['a', 'b'], 'before'],
    [['a'], ['forgetSnapshot b', 'deleteSnapshot a']],
    [undefined, 'before'],
  ];
  for (const [tags, expected] of rows) {
    it(`the image holds ${String(tags ?? 'nobody knows what')}: ${String(expected)}`, () => {
      const now = withImage(before, base, tags === undefined ? 'unknown' : image({ tags }));
      assert.deepEqual(steps(planRecovery(broken(request, plan, 0, 'begun'), now)), expected);
    });
  }

  it('is left alone before it was begun, whatever is missing', () => {
    const now = withImage(before, base, image({ tags: ['a'] }));
    assert.equal(steps(planRecovery(broken(request, plan, 0, 'not begun'), now)), 'before');
  });
});

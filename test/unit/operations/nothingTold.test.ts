// What a person is told steers nothing: without its losses and warnings, a plan that was interrupted is recovered in
// the same way, wherever it was interrupted and whether the VM was used since.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import { type PlannedWork, workOf } from '../../../src/operations/plan.js';
import { changedSinceRefusal } from '../../../src/operations/decide/unchangedSince.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { remainingPlan, stepRefusal } from '../../../src/operations/decide/remainingPlan.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { ask, disk, external, frozen, now, planned, ref, tree } from '../domain/someFacts.js';
import { apply } from '../../../src/steps/steps.js';
import { changePower, withImage } from '../../../src/steps/changedFacts.js';
import { base, broken, inside, keep, old, outside, repairShape, shapes } from './recoveryShapes.js';
import { someRows } from '../../allRows.js';

const off = { power: 'off' } as const;
const [a, b] = ['/img/web.a', '/img/web.b'];
/** Nothing was written since `b`, which is current: a checkpoint is spared. */
const unwritten = (more: Partial<Facts> = {}): Facts =>
  outside(off, { files: seen({ [base]: image(), [a]: over(base), [b]: over(a, { empty: true }) }), ...more });
const withLeft = outside(
  { ...off, disks: [disk('vda', '/img/web.x', { backing: [base] })] },
  {
    ...old,
    tree: tree([external('a'), external('b', 'a')], 'a'),
    frozenDisks: frozen({ a: base, b: a }),
    files: seen({ [base]: image(), [a]: over(base), [b]: over(a), '/img/web.x': over(base) }),
  },
);

const more: readonly (readonly [what: string, OperationRequest, Facts])[] = [
  ['revert, the checkpoint is spared', keep(ask.revert('a')), unwritten()],
  ['revert to the current one, the checkpoint is spared', keep(ask.revert('b')), unwritten()],
  ['revert by us, the checkpoint is spared', keep(ask.revert('b', 'running')), unwritten(old)],
  ['revert to the current one', ask.revert('b'), inside()],
  ['revert to the current one, external', ask.revert('b'), outside()],
  ['revert by us, files that somebody wrote to go', ask.revert('b', 'running'), withLeft],
  ['delete the current one', ask.remove('b'), outside()],
  ['delete a root', ask.remove('a'), outside()],
  ['delete a root, old', ask.remove('a'), outside({}, old)],
  ['delete inside', ask.remove('a', 'withDescendants'), inside()],
  ['delete those below', ask.remove('a', 'descendants'), outside()],
  ['consolidate', { kind: 'consolidate', vm: ref }, outside()],
  ['consolidate, off', { kind: 'consolidate', vm: ref }, outside(off, old)],
  ['prune', { kind: 'prune', vm: ref, snapshots: ['a'] }, outside()],
  ['prune inside', { kind: 'prune', vm: ref, snapshots: ['a'] }, inside(off)],
  ['prune two', { kind: 'prune', vm: ref, snapshots: ['a', 'b'] }, withLeft],
];

const written = (at: Facts): Facts =>
  at.vm.disks.reduce((here, { source = '' }) => {
    const seenNow = here.files?.images.get(source);
    return typeof seenNow === 'object'
      ? withImage(here, source, { ...seenNow, empty: false, unchangedSince: [], modifiedAt: now + 5_000.5 })
      : here;
  }, at);
const emptied = (at: Facts, empty: boolean): Facts =>
  [...(at.files?.images ?? [])].reduce(
    (here, [file, one]) =>
      typeof one === 'object' && one.backing !== undefined ? withImage(here, file, { ...one, empty }) : here,
    at,
  );
const withCurrent = (at: Facts, current: string | undefined): Facts => ({
  ...at,
  tree: tree(at.tree.snapshots, current),
});

/** The current state as it was left, and as others may have left it since. */
function presents(at: Facts): readonly Facts[] {
  const states = [at, ...(['off', 'running', 'paused'] as const).map((power) => changePower(power, at))];
  const images = states.flatMap((one) => [one, written(one), emptied(one, true), emptied(one, false)]);
  const names = [undefined, ...at.tree.snapshots.map(({ name }) => name)];
  return [...images, ...names.flatMap((name) => [at, changePower('off', at)].map((one) => withCurrent(one, name)))];
}

/** All that is decided about it, by everybody who decides. */
function decisions(request: OperationRequest, plan: PlannedWork, at: number, here: Facts): readonly unknown[] {
  const step = plan.steps[at];
  return (['not begun', 'begun', 'done'] as const).flatMap((state) => {
    const interrupted = broken(request, plan, at, state);
    const recovery = planRecovery(interrupted, here);
    return [
      recovery.kind === 'steps' ? { ...recovery, plan: recovery.plan.steps } : recovery,
      recovery.kind === 'steps' ? changedSinceRefusal(interrupted, recovery.plan, here) : undefined,
      ...(recovery.kind === 'steps' ? recovery.plan.steps : []).map((next) =>
        stepRefusal(next, interrupted.plan, here, 'refuse'),
      ),
      remainingPlan(request, here, plan, at),
      stepRefusal(step, plan, here, 'refuse'),
    ];
  });
}

describe('recovery, of plans without losses and warnings', () => {
  for (const [what, request, from] of someRows([...shapes, repairShape, ...more], 4)) {
    it(`decides the same: ${what}`, () => {
      const plan = planned(request, from);
      let present = from;
      for (const [at, step] of plan.steps.entries()) {
        const after = apply(step, present);
        for (const where of [present, after].flatMap(presents)) {
          const here = { ...where, now: now + 40_000 };
          const told = decisions(request, plan, at, here);
          assert.deepEqual(decisions(request, workOf(plan), at, here), told, `at ${at} (${step.kind})`);
        }
        present = after;
      }
    });
  }
});

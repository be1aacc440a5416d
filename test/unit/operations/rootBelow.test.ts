// A root below another snapshot whose delete broke off in the merge: libvirt has no parent of it to leave its mark on.
import assert from 'node:assert/strict';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { planRecovery } from '../../../src/operations/planRecovery.js';
import { image, over } from '../domain/hostFiles.js';
import { ask, disk, external, tree } from '../domain/someFacts.js';
import { withImage } from '../../../src/steps/changedFacts.js';
import { base, broken, old, outside, stepWords, told } from './recoveryShapes.js';

const [a, b] = ['/img/web.a', '/img/web.b'];
const request = ask.remove('a');
const before = outside({}, old);
const writtenTo = image({ modifiedAt: 2_000 });

/** The VM's overlay stands on the base, and libvirt's own picture is of before. */
const merged = (at: Facts): Facts => withImage(withImage(at, base, writtenTo), b, over(base));
const letGo = (at: Facts): Facts => ({
  ...at,
  tree: tree([external('a'), external('b')], 'b'),
  frozenDisks: new Map(['a', 'b'].map((name) => [name, [disk('vda', base)]])),
});
const forgotten = (at: Facts, named: string): Facts => ({
  ...at,
  tree: tree([external('b')], 'b'),
  frozenDisks: new Map([['b', [disk('vda', named)]]]),
});
const off = (at: Facts): Facts => ({ ...at, vm: { ...at.vm, power: 'off' } });

describe('a root below another snapshot that was half merged', () => {
  const rows: readonly (readonly [what: string, at: Facts, expected: string])[] = [
    ['nothing was written', before, 'before'],
    ['something was written', withImage(before, base, writtenTo), 'after: deleteSnapshot a'],
    ['nobody knows', withImage(before, base, 'unknown'), 'after: deleteSnapshot a'],
    [
      'something was written, and QEMU died: the overlay stays as a layer',
      off(withImage(before, base, writtenTo)),
      'after: reparent b, forgetSnapshot a',
    ],
    [
      'the same on a libvirt that finds the files',
      { ...off(withImage(before, base, writtenTo)), capabilities: outside().capabilities },
      'after: deleteSnapshot a',
    ],
    [
      'all was merged, and libvirt has not heard of it',
      merged(before),
      `after: b on ${base}, reparent b, forgetSnapshot a`,
    ],
    [
      'all was merged, and libvirt knows which files the VM is on',
      { ...merged(before), vm: { ...before.vm, disks: [disk('vda', b, { backing: [base] })] } },
      `after: b on ${base}, reparent b, forgetSnapshot a, rm ${a}`,
    ],
    [
      'all was merged, and libvirt has removed the overlay',
      withImage(merged(before), a, 'missing'),
      `after: b on ${base}, reparent b, forgetSnapshot a`,
    ],
    [
      'all was merged, and an image of somebody rests on the overlay',
      withImage(merged(before), '/img/other', over(a)),
      `after: b on ${base}, reparent b, forgetSnapshot a`,
    ],
    [
      'all was merged, and libvirt has put the snapshot above beside it',
      letGo(merged(before)),
      'after: forgetSnapshot a',
    ],
    [
      'QEMU died in it, and libvirt has put the snapshot above beside it all the same',
      letGo(withImage(before, base, writtenTo)),
      `after: b on ${a}, forgetSnapshot a`,
    ],
    [
      'libvirt has put the snapshot above beside it, and nobody sees what the VM stands on',
      { ...letGo(withImage(before, b, 'unknown')), vm: { ...before.vm, disks: [disk('vda', b)] } },
      'chainUnknown',
    ],
    [
      'all was merged, libvirt has forgotten it, and the snapshot above names its overlay still',
      forgotten(withImage(merged(before), a, 'missing'), a),
      `after: b on ${base}`,
    ],
    [
      'all was merged and forgotten, and the snapshot above names what took it',
      forgotten(withImage(merged(before), a, 'missing'), base),
      'after',
    ],
    [
      'it is forgotten, and the VM stands on its overlay still',
      forgotten(withImage(before, base, writtenTo), a),
      'after',
    ],
    ['somebody merges it meanwhile', { ...withImage(before, base, writtenTo), blockJobs: ['vda'] }, 'blockJobRunning'],
  ];
  for (const [what, at, expected] of rows) {
    it(`${what}: ${expected}`, () => {
      const plan = planOperation(request, before) as Plan;
      assert.equal(told(planRecovery(broken(request, plan, 0, 'begun'), at)), expected);
      assert.equal(told(planRecovery(broken(request, plan, 0, 'not begun'), before)), 'before');
    });
  }

  it('is mended by the doctor too where libvirt marked its parent: who is above names what took it', () => {
    const three = outside(
      { disks: [disk('vda', '/img/web.c', { backing: [a, base] })] },
      {
        ...old,
        tree: tree(
          [
            external('a', undefined, {
              disks: [{ target: 'vda', location: 'external', file: a, deleteInProgress: true }],
            }),
            external('b', 'a'),
            external('c', 'b'),
          ],
          'c',
        ),
        frozenDisks: new Map([
          ['a', [disk('vda', base)]],
          ['b', [disk('vda', a, { backing: [base] })]],
          ['c', [disk('vda', b, { backing: [a, base] })]],
        ]),
      },
    );
    const at = withImage(withImage(three, '/img/web.c', over(a)), b, over(a));
    const repair = { kind: 'repair', vm: request.vm, repair: { kind: 'finishDelete', snapshot: 'a' } } as const;
    const plan = planOperation(repair, at);
    assert.equal(
      plan.kind === 'plan' ? plan.steps.map(stepWords).join(', ') : plan.refusal.reason,
      `c on ${a}, reparent c, forgetSnapshot b, clearUnfinishedDelete a, rm ${b}`,
    );
  });
});

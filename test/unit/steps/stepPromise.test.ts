// What libvirt said it did, held against what is there then.
import assert from 'node:assert/strict';
import type { Facts } from '../../../src/domain/facts.js';
import type { Step } from '../../../src/steps/step.js';
import { findBrokenPromise, promiseOf } from '../../../src/steps/stepPromise.js';
import { apply } from '../../../src/steps/steps.js';
import { image, over, seen } from '../domain/hostFiles.js';
import { disk, external, facts, frozen, internal, tree, vm } from '../domain/someFacts.js';

const [base, overlay] = ['/img/web.qcow2', '/img/web.a'];
const inside = facts({
  tree: tree([internal('a')], 'a'),
  vm: vm({ disks: [disk('vda', base)] }),
  frozenDisks: frozen({ a: base }),
  files: seen({ [base]: image({ tags: ['a'] }) }),
});
const outside = facts({
  tree: tree([external('a')], 'a'),
  vm: vm({ disks: [disk('vda', overlay, { backing: [base] })] }),
  frozenDisks: frozen({ a: base }),
  files: seen({ [base]: image(), [overlay]: over(base) }),
});
const create: Step = {
  kind: 'createSnapshot',
  name: 'b',
  description: '',
  snapshotKind: 'memory',
  style: 'internal',
  quiesce: false,
  disks: [{ target: 'vda' }],
};
const outsideStep: Step = {
  ...create,
  snapshotKind: 'disk',
  style: 'external',
  disks: [{ target: 'vda', file: '/img/web.b' }],
};
const remove: Step = { kind: 'deleteSnapshot', snapshot: 'a' };
const withoutFiles = ({ files: _, ...rest }: Facts): Facts => rest;

const rows: readonly (readonly [what: string, Step, Facts, now: Facts, expected: string])[] = [
  ['a delete that is done', remove, inside, apply(remove, inside), ''],
  ['… of which no image can be seen', remove, inside, withoutFiles(apply(remove, inside)), ''],
  ['… not at all', remove, inside, inside, 'a is there, a is in /img/web.qcow2'],
  ['… whose tag stays', remove, inside, { ...inside, tree: tree([]) }, 'a is in /img/web.qcow2'],
  ['a merge that is done', remove, outside, apply(remove, outside), ''],
  ['… that QEMU did not do', remove, outside, { ...outside, tree: tree([]) }, 'vda is on /img/web.a'],
  ['a snapshot that is there', create, inside, apply(create, inside), ''],
  ['… that is not', create, inside, inside, 'there is no b, b is not in /img/web.qcow2'],
  ['an overlay that is there', outsideStep, outside, apply(outsideStep, outside), ''],
  [
    '… beside which the VM goes on',
    outsideStep,
    outside,
    { ...apply(outsideStep, outside), vm: outside.vm },
    'vda is on /img/web.a',
  ],
  ['a start', { kind: 'power', action: 'start' }, inside, inside, 'nothing promised'],
];

describe('what a step promises', () => {
  for (const [what, step, before, now, expected] of rows) {
    it(`${what} → ${expected === '' ? 'seen' : expected}`, () => {
      const promised = promiseOf(step, before);
      assert.equal(
        promised === undefined ? 'nothing promised' : (findBrokenPromise(promised, now)?.what.join(', ') ?? ''),
        expected,
      );
    });
  }
});

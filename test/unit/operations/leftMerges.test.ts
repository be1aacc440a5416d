// libvirt says that it deleted a snapshot, and QEMU died before it left the overlay: the VM stands on it still.
import assert from 'node:assert/strict';
import type { Plan } from '../../../src/operations/plan.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/planOperation.js';
import { planRecovery } from '../../../src/operations/planRecovery.js';
import { ask, disk, external, frozen, tree } from '../domain/someFacts.js';
import { withImage } from '../../../src/steps/changedFacts.js';
import { base, broken, outside, told } from './recoveryShapes.js';

const [a, b] = ['/img/web.a', '/img/web.b'];
const disks = (...files: readonly [string, ...string[]]): Partial<Facts['vm']> => ({
  power: 'off',
  disks: [disk('vda', files[0], { backing: files.slice(1) })],
});
const gone = { tree: tree([external('a')], 'a'), frozenDisks: frozen({ a: base }) };
const left = outside(disks(b, a, base), gone);
const on: Facts = { ...left, vm: { ...left.vm, power: 'running' } };
const clone = { uuid: 'c', name: 'clone', files: [a], unread: [] };

describe('a snapshot that libvirt took for deleted before its overlay was left', () => {
  const all = ask.remove('a', 'withDescendants');
  const one = ask.remove('b');
  const rows: readonly (readonly [what: string, request: typeof all, now: Facts, expected: string])[] = [
    ['the VM stands on it', all, left, `after: commit ${b} into ${a}, rm ${b}, deleteSnapshot a`],
    ['nothing else was to go', one, left, `after: commit ${b} into ${a}, rm ${b}`],
    ['somebody started the VM', one, on, `after: QEMU commits ${b} into ${a}, rm ${b}`],
    ['the VM stands on what took it', all, outside(disks(a, base), gone), 'after: deleteSnapshot a'],
    ['it was left with every disk', one, outside(disks(a, base), gone), 'after'],
    ['another VM reads what would take it', one, { ...left, otherVms: [clone] }, 'usedByOtherVm'],
    ['nobody sees what is below it', one, withImage(outside({ ...disks(b, a, base) }, gone), a, 'unknown'), 'after'],
    ['it is there still', one, outside(disks(b, a, base)), 'before'],
  ];
  for (const [what, request, now, expected] of rows) {
    it(`${what}: ${expected}`, () => {
      const plan = planOperation(request, outside()) as Plan;
      assert.equal(told(planRecovery(broken(request, plan, 0, 'begun'), now)), expected);
    });
  }
});

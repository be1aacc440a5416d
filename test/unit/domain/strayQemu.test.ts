// Which locks on a VM's files tell of a QEMU that libvirt has lost, and which tell nothing.
import assert from 'node:assert/strict';
import { findStrayQemu } from '../../../src/domain/chains/strayQemu.js';
import type { PowerAction } from '../../../src/domain/operation.js';
import type { Facts } from '../../../src/domain/facts.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { planRecovery } from '../../../src/operations/decide/planRecovery.js';
import { image, over, seen } from './hostFiles.js';
import { ask, external, planned, ref, shortSteps, tree } from './someFacts.js';
import { base, broken, outside } from '../operations/recoveryShapes.js';

/** On `b` over `a` over the base, of which those are written; libvirt has marked a delete that it began. */
function written(files: readonly string[], power: 'off' | 'running', rest: Partial<Facts> = {}): Facts {
  const images = {
    [base]: image({ real: 'base' }),
    '/img/web.a': over(base, { real: 'a' }),
    '/img/web.b': over('/img/web.a', { real: 'b', allocatedBytes: 2 ** 20 }),
  };
  const marked = external('a', undefined, {
    disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
  });
  const of = tree([marked, external('b', 'a')], 'b');
  return outside({ power }, { tree: of, files: seen(images), written: new Set(files), ...rest });
}

/** As if that had not been looked at. */
function withoutPart(from: Facts, part: 'otherVms' | 'blockJobs'): Facts {
  return Object.fromEntries(Object.entries(from).filter(([name]) => name !== part)) as unknown as Facts;
}

describe('a QEMU that libvirt has lost', () => {
  for (const [what, facts, found] of [
    ['off, nobody writes', written([], 'off'), undefined],
    ['off, its own file', written(['b'], 'off'), 'runsUnseen /img/web.b'],
    ['off, a file below', written(['a'], 'off'), 'runsUnseen /img/web.a'],
    [
      'off, a base that another VM stands on',
      written(['base'], 'off', { otherVms: [{ uuid: 'x', name: 'other', files: [base], unread: [] }] }),
      undefined,
    ],
    ['off, a file below, other VMs not read', withoutPart(written(['a'], 'off'), 'otherVms'), undefined],
    ['off, its own file, other VMs not read', withoutPart(written(['b'], 'off'), 'otherVms'), 'runsUnseen /img/web.b'],
    ['running, its own file', written(['b'], 'running'), undefined],
    [
      'running, a file below, nothing broke off',
      written(['a', 'b'], 'running', { tree: tree([external('a'), external('b', 'a')], 'b') }),
      undefined,
    ],
    ['running, a file below', written(['a', 'b'], 'running'), 'mergeLost /img/web.a'],
    ['running, a file below, a merge that libvirt knows', written(['a'], 'running', { blockJobs: ['vda'] }), undefined],
    ['running, a file below, jobs not asked', withoutPart(written(['a'], 'running'), 'blockJobs'), undefined],
  ] as const) {
    it(`${what}: ${found ?? 'nothing'}`, () => {
      const lost = findStrayQemu(facts);
      assert.equal(lost && `${lost.kind} ${lost.file}`, found);
    });
  }

  it('stands against a start, and against nothing else that changes power', () => {
    const verdictOf = (facts: Facts, action: PowerAction): string => {
      const decision = planOperation(ask.power(action), facts);
      return decision.kind === 'refusal' ? decision.refusal.reason : 'planned';
    };
    assert.equal(verdictOf(written([], 'off'), 'start'), 'planned');
    assert.equal(verdictOf(written(['a'], 'off'), 'start'), 'runsUnseen');
    assert.equal(verdictOf(written(['a'], 'running'), 'forceOff'), 'planned');
  });

  it('stands against every operation on files, every repair, and every recovery', () => {
    for (const [at, why] of [
      [written(['b'], 'off'), 'runsUnseen'],
      [written(['a'], 'running'), 'mergeLost'],
    ] as const) {
      const repair = { kind: 'repair', vm: ref, repair: { kind: 'forgetSnapshot', snapshot: 'b' } } as const;
      for (const request of [ask.create(), ask.revert('a'), ask.remove('b'), repair]) {
        const decision = planOperation(request, at);
        assert.equal(decision.kind === 'refusal' ? decision.refusal.reason : 'planned', why, request.kind);
      }
      const request = ask.revert('a', 'off');
      const recovery = planRecovery(broken(request, planned(request, outside()), 0, 'begun'), at);
      assert.equal(recovery.kind === 'explain' ? recovery.why.reason : recovery.kind, why);
    }
  });

  describe('or that has given up a merge, which it does when it is begun again', () => {
    const remove = ask.remove('b');
    const recovered = (at: Facts, request = remove): string => {
      const recovery = planRecovery(broken(request, planned(request, outside()), 0, 'begun'), at);
      return recovery.kind === 'steps'
        ? `${shortSteps(recovery.plan)}, otherwise ${recovery.otherwise?.reason ?? 'nothing'}`
        : recovery.kind === 'explain'
          ? recovery.why.reason
          : recovery.to;
    };
    const lost = (more: Partial<Facts> = {}): Facts => written(['a', 'b'], 'running', more);
    const withRoom = (free: number): Facts => {
      const at = lost();
      return { ...at, files: { ...at.files!, freeBytes: new Map([['/img', free]]) } };
    };
    const onTop = tree([...lost().tree.snapshots, external('c', 'b')], 'c');
    for (const [what, at, expected] of [
      ['the upper file of the VM', lost(), 'b, otherwise mergeLost'],
      ['with room', withRoom(2 ** 20), 'b, otherwise mergeLost'],
      ['without', withRoom(2 ** 20 - 1), 'b, otherwise nothing'],
      ['it runs unseen', written(['b'], 'off'), 'runsUnseen'],
      ['another one is current', lost({ tree: onTop }), 'mergeLost'],
    ] as const) {
      it(`${what}: ${expected}`, () => {
        assert.equal(recovered(at), expected);
      });
    }

    it('by the doctor too', () => {
      const finish = { kind: 'repair', vm: ref, repair: { kind: 'finishDelete', snapshot: 'a' } } as const;
      const verdict = (at: Facts): string => {
        const decision = planOperation(finish, at);
        return decision.kind === 'refusal' ? decision.refusal.reason : shortSteps(decision);
      };
      assert.equal(verdict(lost()), 'b');
      assert.equal(verdict(lost({ tree: onTop })), 'mergeLost');
      assert.equal(verdict(written(['b'], 'off')), 'runsUnseen');
      assert.equal(verdict(lost({ blockJobs: ['vdb'] })), 'blockJobRunning');
    });
  });
});

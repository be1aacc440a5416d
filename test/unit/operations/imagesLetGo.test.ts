// Images that QEMU does not hold: of a VM that has stood still since its RAM was written to a file.
import assert from 'node:assert/strict';
import { versionOf } from '../../../src/domain/capabilities.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { SnapshotState } from '../../../src/domain/snapshot.js';
import type { Vm } from '../../../src/domain/vm.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { ask, capabilities, external, ref, facts, tree, vm } from '../domain/someFacts.js';

/** a ─ m (memory in a file) ─ z, the current one. */
function after(qemu: readonly [number, number], taken: SnapshotState, now: Partial<Vm>, current = 'z'): Facts {
  const m = external('m', 'a', { state: taken, memory: 'external', memoryFile: '/img/web.m.mem' });
  const b = external('b', 'a');
  return facts({
    tree: tree([external('a'), m, external('z', 'm'), b], current),
    vm: vm(now),
    capabilities: capabilities(12, 8, { hypervisor: versionOf(...qemu) }),
  });
}

/** z alone is there still. */
function gone(qemu: readonly [number, number], now: Partial<Vm>): Facts {
  return { ...after(qemu, 'paused', now), tree: tree([external('m'), external('z', 'm')], 'z'), standsSince: 'm' };
}

const merge = ask.remove('m');
const memory = { kind: 'create', vm: ref, snapshotKind: 'memory', title: 'n' } as const;
const paused = { power: 'paused' } as const;
const back = { power: 'paused', powerReason: 'fromSnapshot' } as const;

describe('images that QEMU has let go', () => {
  const rows: readonly (readonly [what: string, facts: Facts, merge: boolean, memory: boolean])[] = [
    ['paused then and now, QEMU 7.2', after([7, 2], 'paused', paused), true, true],
    ['paused then and now, QEMU 10.0', after([10, 0], 'paused', paused), true, true],
    ['paused then and now, QEMU 11.1', after([11, 1], 'paused', paused), false, true],
    ['paused then, running now', after([7, 2], 'paused', { power: 'running' }), false, false],
    ['running then, paused now', after([7, 2], 'running', paused), false, false],
    ['came back paused, QEMU 7.2', after([7, 2], 'running', back), false, false],
    ['came back paused, QEMU 10.0', after([10, 0], 'running', back), true, false],
    ['came back paused, QEMU 11.1', after([11, 1], 'running', back), false, false],
    ['seen running since', { ...after([10, 0], 'paused', paused), olderThanLastRun: ['m 0'] }, false, false],
    [
      'another of its name seen running',
      { ...after([10, 0], 'paused', paused), olderThanLastRun: ['m 1'] },
      true,
      true,
    ],
    ['seen paused then, and gone since, QEMU 10.0', gone([10, 0], paused), true, true],
    ['seen paused then, and gone since, QEMU 11.1', gone([11, 1], paused), false, true],
    ['on another branch', after([10, 0], 'paused', paused, 'b'), false, false],
  ];
  for (const [what, at, notMerged, notWritten] of rows) {
    const reasonOf = (request: Parameters<typeof planOperation>[0]): string | undefined => {
      const decision = planOperation(request, at);
      return decision.kind === 'refusal' && decision.refusal.reason === 'imagesLetGo' ? 'imagesLetGo' : undefined;
    };
    it(`${what}: ${notMerged ? 'no merge' : 'merges'}, ${notWritten ? 'no memory' : 'memory'}`, () => {
      assert.equal(reasonOf(merge), notMerged ? 'imagesLetGo' : undefined);
      assert.equal(reasonOf(memory), notWritten ? 'imagesLetGo' : undefined);
    });
  }

  it('a revert keeps the disks alone then, and says that the RAM is lost', () => {
    const decision = planOperation(
      { kind: 'revert', vm: ref, snapshot: 'z', after: 'asSnapshot', checkpointFirst: true },
      after([12, 0], 'paused', paused),
    );
    assert.equal(decision.kind, 'plan');
    assert.ok(decision.warnings.some(({ kind: about }) => about === 'checkpointWithoutRam'));
    assert.ok(decision.losses.some(({ kind: what }) => what === 'ram'));
  });
});

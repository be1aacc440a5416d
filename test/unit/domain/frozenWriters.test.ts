// Who would write into what a snapshot froze, and what is said and asked of it.
import assert from 'node:assert/strict';
import { recordsToKeep } from '../../../src/domain/chains/frozenLayers.js';
import { frozenWriterRefusal, foreignFrozenFiles, writersInto } from '../../../src/domain/chains/frozenWriters.js';
import type { Facts, OtherVm } from '../../../src/domain/facts.js';
import { examine } from '../../../src/diagnosis/examine.js';
import { snapshotOf } from '../../../src/diagnosis/problemTable.js';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import { questionOf } from '../../../src/text/questions/questionText.js';
import { vmRow } from '../../../src/text/rows/rows.js';
import { image, over, seen } from './hostFiles.js';
import { disk, external, facts, frozen, ref, tree, vm } from './someFacts.js';

const [base, a, b] = ['/img/web.qcow2', '/img/web.a', '/img/web.b'];
const other = (file: string, active: boolean): OtherVm => {
  return { uuid: 'o', name: 'other', files: [file], unread: [], writes: [file], active };
};

/** `one` froze the base, `two` what it made. */
function with_(others: readonly OtherVm[], more: Partial<Facts> = {}): Facts {
  return facts({
    tree: tree([external('one', undefined, { createdAt: 1_000 }), external('two', 'one', { createdAt: 2_000 })], 'two'),
    vm: vm({ power: 'off', disks: [disk('vda', b)] }),
    frozenDisks: frozen({ one: base, two: a }),
    files: seen({ [base]: image({ real: '1:1' }), [a]: over(base), [b]: over(a) }),
    otherVms: others,
    ...more,
  });
}
const frozenRecords = recordsToKeep(with_([]))!;

describe('who writes into what a snapshot froze', () => {
  const rows: readonly (readonly [what: string, Facts, writers: string, refused: string])[] = [
    ['nobody', with_([]), '', ''],
    ['another VM, off, the base', with_([other(base, false)], { frozenRecords }), 'one', ''],
    ['the same, and nothing is noted', with_([other(base, false)]), 'one', 'one writtenByOther'],
    [
      'another VM that is on, the base',
      with_([other(base, true)], { frozenRecords }),
      'one, two',
      'one writtenByOther, two writtenByOther',
    ],
    ['another VM, an overlay of it', with_([other('/img/clone', true)], { frozenRecords }), '', ''],
    [
      'a program that no VM tells of',
      with_([], { frozenRecords, written: new Set(['1:1']) }),
      '',
      'one heldByProgram, two heldByProgram',
    ],
  ];
  for (const [what, inWhat, writers, refused] of rows) {
    it(what, () => {
      const { snapshots } = inWhat.tree;
      const writing = snapshots.filter((one) => writersInto(one, inWhat).length > 0).map(({ name }) => name);
      assert.equal(writing.join(', '), writers);
      const refusals = snapshots.flatMap((one) => {
        const reason = frozenWriterRefusal(one, inWhat)?.refusal.reason;
        return reason === undefined ? [] : [`${one.name} ${reason}`];
      });
      assert.equal(refusals.join(', '), refused);
    });
  }

  it('is no reason to note what is there now', () => {
    assert.deepEqual(
      recordsToKeep(with_([other(base, false)]))!.map(({ name }) => name),
      ['two'],
    );
  });

  const froze = (file: string, isTop?: true): OtherVm => ({
    uuid: 'o',
    name: 'other',
    files: [file],
    unread: [],
    froze: [{ file, snapshot: 'theirs', ...(isTop && { isTop }) }],
  });
  const start = { kind: 'power', vm: ref, action: 'start' } as const;
  const asked = (inWhat: Facts): readonly unknown[] => {
    const decision = planOperation(start, inWhat);
    assert.ok(decision.kind === 'plan');
    return decision.losses;
  };
  const found = (inWhat: Facts): readonly string[] =>
    examine(ref, inWhat).diagnoses.flatMap(({ problem }) =>
      problem.kind === 'frozenFileShared' || problem.kind === 'usedByOtherVm' ? [problem.kind] : [],
    );

  it('is asked before the VM itself does so to another one, and told where it is that very file', () => {
    const mine = { vm: vm({ power: 'off', disks: [disk('vda', base)] }), tree: tree([]) };
    const losses = [{ kind: 'restorePoints', names: ['theirs (other)'] }];
    assert.deepEqual(asked(with_([froze(base, true)], mine)), losses);
    assert.deepEqual(found(with_([froze(base, true)], mine)), ['frozenFileShared']);
    // What linked clones were made of is off for good, and it is asked before it starts.
    assert.deepEqual(asked(with_([froze(base)], mine)), losses);
    assert.deepEqual(found(with_([froze(base)], mine)), ['usedByOtherVm']);
    assert.deepEqual(asked(with_([froze('/img/x', true)], mine)), []);
    assert.deepEqual(foreignFrozenFiles(with_([froze(a, true)])), []);
  });

  it('stands as an error in the rows of both VMs and of the snapshot, and in the question before the start', () => {
    const rowOf = (at: Facts): string => {
      const problems = examine(ref, at).diagnoses.map(({ problem }) => problem);
      const view = { ref, vm: at.vm, tree: at.tree };
      return vmRow(view, { readOnly: false }, { now: 0, health: () => problems }).description;
    };
    const mine = with_([froze(base, true)], {
      vm: vm({ power: 'off', disks: [disk('vda', base)] }),
      tree: tree([]),
      files: seen({ [base]: image() }),
    });
    assert.match(rowOf(mine), /⚠ 1 error/u);
    const decision = planOperation(start, mine);
    assert.ok(decision.kind === 'plan');
    const { lines } = questionOf({ plan: decision, target: { ref, vm: mine.vm, tree: mine.tree } }, 0);
    assert.ok(
      lines.some((line) => line.includes('theirs (other)')),
      lines.join('\n'),
    );
    const owner = with_([other(base, false)], { frozenRecords });
    assert.match(rowOf(owner), /⚠ 1 error/u);
    const [problem] = examine(ref, owner).diagnoses.map((one) => one.problem);
    assert.equal(problem && snapshotOf(problem), 'one');
  });

  it('is an error at both, where no snapshot froze it: the VM that writes, and the one that is built on its disk', () => {
    const at = (power: 'off' | 'running', file: string, others: readonly OtherVm[]): readonly unknown[] => {
      const chain = file === b ? { backing: [a, base] } : {};
      const inWhat = with_(others, {
        vm: vm({ power, disks: [disk('vda', file, chain)] }),
        tree: tree([]),
        blockJobs: [],
      });
      return examine(ref, inWhat).diagnoses.flatMap(({ problem }) =>
        problem.kind === 'writtenByOtherVm' ? [`${problem.vm} ${problem.owner} ${problem.file}`] : [],
      );
    };
    const reader: OtherVm = { uuid: 'o', name: 'other', files: ['/img/x', base], unread: [], writes: ['/img/x'] };
    for (const power of ['off', 'running'] as const) {
      assert.deepEqual(at(power, b, [other(base, true)]), [`other web ${base}`]);
      assert.deepEqual(at(power, b, [other(base, false)]), []);
    }
    assert.deepEqual(at('running', base, [reader]), [`web other ${base}`]);
    assert.deepEqual(at('off', base, [reader]), []);
    assert.deepEqual(at('running', base, [other(base, false)]), []);
  });

  it('is asked before the VM starts on what its own snapshot froze, unless that is spoilt already', () => {
    const on = vm({ power: 'off', disks: [disk('vda', base)] });
    assert.deepEqual(asked(with_([], { vm: on, frozenRecords })), [{ kind: 'restorePoints', names: ['one'] }]);
    const spoilt = seen({ [base]: image({ modifiedAt: 9_999.5 }), [a]: over(base), [b]: over(a) });
    assert.deepEqual(asked(with_([], { vm: on, frozenRecords, files: spoilt })), []);
  });
});

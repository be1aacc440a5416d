// Snapshots that nobody asked for stand in a row of their own where they are many, and nothing else moves for it.
import assert from 'node:assert/strict';
import type { SnapshotTree } from '../../../src/domain/snapshot.js';
import { type Arrangement, arrangeVm, automaticRows } from '../../../src/ui/tree/arrangedVm.js';
import { rowsAfter } from '../../../src/ui/tree/treeFocus.js';
import { TreeContent } from '../../../src/ui/tree/treeContent.js';
import { connectionView, now, ref, snapshot, vmView } from './samples.js';

const inTree: Arrangement = { sort: 'time', layout: 'tree', filter: '' };

/** base ── work (current); under base, `count` that reverts have left. */
function reverted(count: number): { tree: SnapshotTree; auto: readonly string[] } {
  const auto = Array.from({ length: count }, (_, index) => `auto${index}`);
  const taken = auto.map((name, index) =>
    snapshot(name, { title: 'Before revert, 05:29', parent: 'base', createdAt: now - 3_600_000 + index * 1_000 }),
  );
  const base = snapshot('base', { createdAt: now - 7_200_000 });
  const work = snapshot('work', { parent: 'base', createdAt: now - 60_000 });
  return { tree: { snapshots: [base, ...taken, work], current: 'work' }, auto };
}

function namesOf(tree: SnapshotTree, auto: readonly string[], kept: readonly string[] = []): readonly string[] {
  return automaticRows(tree, { auto, kept }).map(({ name }) => name);
}

describe('snapshots that were taken unasked', () => {
  it('stand among the others while they are few', () => {
    const { tree, auto } = reverted(5);
    assert.deepEqual(namesOf(tree, auto), []);
  });

  it('stand together where they are many, the newest first', () => {
    const { tree, auto } = reverted(7);
    assert.deepEqual(namesOf(tree, auto), auto.toReversed());
  });

  it('stay where something else is built on them, and where the VM stands on them', () => {
    const { tree, auto } = reverted(8);
    const child = snapshot('mine', { parent: 'auto3' });
    const built = { ...tree, snapshots: [...tree.snapshots, child] };
    assert.deepEqual(namesOf(built, auto).includes('auto3'), false);
    assert.equal(namesOf(built, auto).length, 7);
    assert.equal(namesOf({ ...tree, current: 'auto2' }, auto).includes('auto2'), false);
  });

  it('stay where somebody keeps them, or took their mark by giving them a title', () => {
    const { tree, auto } = reverted(8);
    assert.equal(namesOf(tree, auto, ['auto1']).includes('auto1'), false);
    assert.equal(namesOf(tree, auto.toSpliced(1, 1)).includes('auto1'), false);
  });

  it('stand together in whatever language their titles are', () => {
    const { tree, auto } = reverted(7);
    const snapshots = tree.snapshots.map((one) => ({ ...one, title: '还原前，05:29' }));
    assert.deepEqual(namesOf({ ...tree, snapshots }, auto), auto.toReversed());
  });

  it('go along in chains, also in long ones and in circles', () => {
    const chain = Array.from({ length: 10_000 }, (_, index) =>
      snapshot(`a${index}`, { title: 'After revert to x', ...(index === 0 ? {} : { parent: `a${index - 1}` }) }),
    );
    const auto = chain.map(({ name }) => name);
    assert.equal(namesOf({ snapshots: chain }, auto).length, 10_000);
    assert.equal(namesOf({ snapshots: chain, current: 'a9998' }, auto).length, 0, 'one is not many');
    const circle = {
      snapshots: [snapshot('a', { parent: 'b' }), snapshot('b', { parent: 'a' }), ...chain.slice(0, 9)],
    };
    assert.equal(namesOf(circle, auto).length, 9);
  });

  it('leave the rest of the tree as if they were not there', () => {
    const { tree, auto } = reverted(7);
    const arranged = arrangeVm(ref, tree, inTree, false, { auto });
    const top = arranged.top.map((node) => (node.kind === 'snapshot' ? node.snapshot : node.kind));
    assert.deepEqual(top, ['base', 'work', 'here', 'automatic']);
    assert.equal(arranged.below.size, 0);
    const found = arrangeVm(ref, tree, { ...inTree, filter: 'revert' }, false, { auto });
    assert.equal(found.automatic, undefined, 'what a filter finds stands in its place');
  });

  it('have a row that counts them, below the VM, and a neighbour each', () => {
    const { tree, auto } = reverted(7);
    const view = vmView({ tree, auto });
    const content = new TreeContent({ connections: [connectionView({ vms: [view] })], findVm: () => view }, inTree);
    const group = content.children(content.find(ref)).at(-1)!;
    const row = content.row(group, { now })!;
    assert.deepEqual([row.label, row.opens, row.context], ['7 automatic snapshots', 'closed', 'automatic;']);
    const [newest] = content.children(group);
    assert.equal(newest?.kind === 'snapshot' && newest.snapshot, 'auto6');
    assert.equal(content.parent(newest!), group);
    assert.equal(content.parent(group), content.find(ref));
    const arranged = content.arrangedVm(ref)!;
    const next = rowsAfter(arranged, new Set(['auto6'])).map((one) => one.kind === 'snapshot' && one.snapshot);
    assert.equal(next[0], 'auto5');
    assert.equal(arranged.automatic!.rows.length, 7);
  });
});

import assert from 'node:assert/strict';
import { doomedCheckpoints } from '../../../src/engine/after/autoPrune.js';
import { favouriteIn, findKeptSnapshots } from '../../../src/engine/look/keptSnapshots.js';
import { vmKey } from '../../../src/live/views.js';
import { undoOf } from '../../../src/operations/undo/undoRules.js';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import type { JournalEntry } from '../../../src/journal/entry.js';
import { recordInterrupted } from '../../../src/engine/recover/interruptedCheckpoints.js';
import { settled } from './fakeClock.js';
import { FakeKeeping } from './fakePersistence.js';
import { fakeSnapshot, fakeVm, uuidOf } from './fakeHypervisor.js';
import { rig, uri } from './rig.js';

function at(name: string, createdAt: number): Snapshot {
  return { ...fakeSnapshot(name), createdAt };
}

describe('a snapshot that is to be kept', () => {
  it('has its date also where its program was killed before it had', async () => {
    const persistence = new FakeKeeping();
    const vm = { connection: uri, uuid: uuidOf('web') };
    const interrupted = (until: number): JournalEntry => {
      const plan = { steps: [{ kind: 'createSnapshot', name: 's' }] };
      return { request: { kind: 'create', vm, title: 's', until }, plan, startedAt: 4_000 } as unknown as JournalEntry;
    };
    const marks = async (until: number, snapshot: Snapshot): Promise<readonly unknown[]> => {
      await recordInterrupted(persistence, interrupted(until), { snapshots: [snapshot] });
      return persistence.marks.kept.of(vm);
    };
    assert.deepEqual(await marks(9_000, at('s', 1_000)), [], 'one of before');
    assert.deepEqual(await marks(5_000, at('s', 5_000)), [], 'over already');
    const dated = [{ name: 's', createdAt: 5_000, until: 9_000 }];
    assert.deepEqual(await marks(9_000, at('s', 5_000)), dated);
    assert.deepEqual(await marks(9_999, at('s', 5_000)), dated, 'it has one');
  });

  const tree: SnapshotTree = { snapshots: [at('a', 1), at('b', 2), at('c', 2), at('d', 3)] };
  const rows: readonly [string, string, number, readonly string[]][] = [
    ['is the one that its mark names', 'a', 1, ['a']],
    ['is the one of its name where others are of the same second', 'b', 2, ['b']],
    ['is still kept when it was renamed', 'old name', 3, ['d']],
    ['is any of its second when it was renamed and they cannot be told apart', 'old name', 2, ['b', 'c']],
    ['is not another that got its name', 'a', 3, ['d']],
    ['is gone when it was deleted', 'a', 9, []],
  ];
  for (const [name, marked, createdAt, kept] of rows) {
    it(name, () => {
      const found = findKeptSnapshots(tree, [{ name: marked, createdAt }]);
      assert.deepEqual(
        found.map((snapshot) => snapshot.name),
        kept,
      );
    });
  }

  it('is marked, shown and unmarked through the inventory, and read from the disk each time', async () => {
    const web = fakeVm('web', ['s', 't']);
    web.snapshots = [at('s', 1), at('t', 2)];
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    await r.look('web');
    assert.equal(r.engine.findVm(ref)!.kept, undefined);
    await r.engine.setKept(ref, ['t', 'not there'], 'kept');
    assert.deepEqual(r.engine.findVm(ref)!.kept, ['t']);
    assert.deepEqual(await r.engine.keptSnapshots(ref), ['t']);
    await r.engine.setKept(ref, ['t'], 'kept');
    assert.equal(r.persistence.marked.get(vmKey(ref))!.length, 1);
    const [mark] = r.persistence.marked.get(vmKey(ref))!;
    r.persistence.marked.set(vmKey(ref), [{ ...mark!, name: 'as it was called before' }]);
    await r.engine.setKept(ref, ['t'], 'free');
    assert.deepEqual(await r.engine.keptSnapshots(ref), []);
    assert.equal(r.engine.findVm(ref)!.kept, undefined);
  });

  it('gets no date while one is of the future, since a clock is or was wrong', async () => {
    const web = fakeVm('web', ['s', 't']);
    web.snapshots = [at('s', 1), at('t', Date.now() + 2 * 86_400_000)];
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    await r.look('web');
    await assert.rejects(r.engine.setKept(ref, ['s'], 'kept', { until: Date.now() + 3_600_000 }), { kind: 'refused' });
    assert.deepEqual(await r.engine.keptSnapshots(ref), []);
    await r.engine.setKept(ref, ['s'], 'kept');
    assert.deepEqual(await r.engine.keptSnapshots(ref), ['s']);
  });

  it('is kept until a date and no longer, and an undo puts back the date before', async () => {
    const web = fakeVm('web', ['s', 't']);
    web.snapshots = [at('s', 1), at('t', 2)];
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    await r.look('web');
    const [soon, later] = [Date.now() + 3_600_000, Date.now() + 5 * 86_400_000];
    await r.engine.setKept(ref, ['s', 't'], 'kept', { until: later });
    assert.deepEqual(r.engine.findVm(ref)!.keptUntil, [
      { name: 's', until: later },
      { name: 't', until: later },
    ]);
    assert.deepEqual(await r.engine.keptSnapshots(ref), ['s', 't']);
    await r.engine.setKept(ref, ['s'], 'kept');
    await r.engine.setKept(ref, ['t'], 'kept', { until: soon });
    assert.deepEqual(await r.engine.datedSnapshots(ref), [{ name: 't', until: soon }]);
    const last = r.persistence.logged.at(-1)!;
    const facts = { log: r.persistence.logged, tree: r.engine.findVm(ref)!.tree! };
    const way = undoOf(last, facts);
    assert.deepEqual(way.kind === 'mark' && way.request, {
      kind: 'keep',
      vm: ref,
      snapshots: ['t'],
      kept: 'kept',
      until: later,
      instead: soon,
    });
    // Of several that were kept otherwise before, each is undone by itself.
    const entries = r.persistence.logged.length;
    await r.engine.setKept(ref, ['s', 't'], 'free');
    assert.equal(r.persistence.logged.length, entries + 2);
    assert.equal(r.engine.findVm(ref)!.kept, undefined);

    r.persistence.marked.set(vmKey(ref), [{ name: 's', createdAt: 1, until: Date.now() - 1 }]);
    assert.deepEqual(await r.engine.keptSnapshots(ref), []);
    assert.equal((await r.engine.datedSnapshots(ref)).length, 1);
    // The name went to another one.
    r.persistence.marked.set(vmKey(ref), [{ name: 's', createdAt: 2, until: later }]);
    assert.deepEqual(await r.engine.datedSnapshots(ref), []);
  });

  it('stays marked where one of its second, from which it cannot be told apart, is freed', async () => {
    const web = fakeVm('web', ['b', 'c']);
    web.snapshots = [at('b', 2), at('c', 2)];
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    r.persistence.marked.set(vmKey(ref), [{ name: 'old name', createdAt: 2 }]);
    await r.look('web');
    assert.deepEqual(await r.engine.keptSnapshots(ref), ['b', 'c']);
    await r.engine.setKept(ref, ['c'], 'free');
    assert.deepEqual(await r.engine.keptSnapshots(ref), ['b']);
    await r.engine.setKept(ref, ['c'], 'kept');
    assert.deepEqual(await r.engine.keptSnapshots(ref), ['b', 'c']);
  });

  it('is not known where the marks cannot be read: whoever deletes by rule is told so', async () => {
    const web = fakeVm('web', ['s']);
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    r.persistence.broken.add('kept');
    await r.look('web');
    await settled();
    await assert.rejects(r.engine.keptSnapshots(ref), { name: 'Failure', kind: 'journal' });
    assert.equal(r.engine.findVm(ref)!.tree!.snapshots.length, 1);
    assert.ok(r.log.some((line) => line.includes('to be kept')));
  });

  it('outlives the pruning of checkpoints', () => {
    const checkpoint = (name: string): Snapshot => ({ ...fakeSnapshot(name), trailers: { auto: 'revert' } });
    const many: SnapshotTree = { snapshots: ['c1', 'c2', 'c3'].map(checkpoint), current: 'c3' };
    const records = many.snapshots.map(({ name, createdAt }) => ({ name, createdAt, why: 'revert' as const }));
    const doomed = doomedCheckpoints(many, records, 1, ['c1']).map(({ name }) => name);
    assert.deepEqual(doomed, ['c2']);
  });
});

describe('the favourite of a VM', () => {
  const tree: SnapshotTree = { snapshots: [at('a', 1), at('b', 2), at('c', 2), at('d', 3)] };
  const rows: readonly [string, string, number, string | undefined][] = [
    ['is the snapshot that its mark names', 'a', 1, 'a'],
    ['follows a rename', 'old name', 3, 'd'],
    ['is none where it was renamed and could be one of two', 'old name', 2, undefined],
    ['is none when it was deleted', 'a', 9, undefined],
    ['is not another that got its name', 'a', 3, 'd'],
  ];
  for (const [name, marked, createdAt, favourite] of rows) {
    it(name, () => {
      assert.equal(favouriteIn(tree, [{ name: marked, createdAt }])?.name, favourite);
    });
  }

  it('is marked, shown, moved and unmarked through the inventory, and is kept meanwhile', async () => {
    const web = fakeVm('web', ['s', 't']);
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    await r.look('web');
    const shown = (): readonly unknown[] => {
      const { favourite, kept } = r.engine.findVm(ref)!;
      return [favourite, kept];
    };
    await r.engine.setFavourite(ref, 's');
    assert.deepEqual(shown(), ['s', ['s']]);
    await r.engine.setFavourite(ref, 't');
    assert.deepEqual(shown(), ['t', ['t']]);
    await r.engine.setFavourite(ref, 'not there');
    assert.equal(await r.engine.readFavourite(ref), 't');
    assert.deepEqual(await r.engine.keptSnapshots(ref), ['t']);
    await r.engine.setFavourite(ref, undefined);
    assert.deepEqual(shown(), [undefined, undefined]);
    assert.equal(await r.engine.readFavourite(ref), undefined);
  });

  it('is not known where its mark cannot be read: whoever deletes by rule is told so', async () => {
    const r = await rig(fakeVm('web', ['s']));
    const ref = { connection: uri, uuid: uuidOf('web') };
    r.persistence.broken.add('favourite');
    await r.look('web');
    await settled();
    await assert.rejects(r.engine.keptSnapshots(ref), { name: 'Failure', kind: 'journal' });
    await assert.rejects(r.engine.readFavourite(ref), { name: 'Failure', kind: 'journal' });
  });
});

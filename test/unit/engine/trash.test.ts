// The trash: what is in it, what goes by itself when its time is over, and how it is undone.
import assert from 'node:assert/strict';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import { inTrash } from '../../../src/engine/look/keptSnapshots.js';
import { expiredIn, overInTrash } from '../../../src/engine/after/trash.js';
import { UndoLook } from '../../../src/engine/undoLook.js';
import { vmKey } from '../../../src/live/views.js';
import { FakeKeeping } from './fakePersistence.js';
import { fakeSnapshot, fakeVm, uuidOf } from './fakeHypervisor.js';
import { rig, uri } from './rig.js';

const day = 24 * 3_600_000;

function at(name: string, createdAt: number, parent?: string): Snapshot {
  const { parent: _, ...one } = fakeSnapshot(name);
  return { ...one, createdAt, ...(parent === undefined ? {} : { parent }) };
}

describe('the trash', () => {
  // a ─ b ─ c, and d beside them.
  const tree: SnapshotTree = { snapshots: [at('a', 1), at('b', 2, 'a'), at('c', 3, 'b'), at('d', 4)], current: 'd' };
  const mark = (name: string, createdAt: number, until = 10) => ({ name, createdAt, until });
  const [a, b, c, d] = [mark('a', 1), mark('b', 2), mark('c', 3), mark('d', 4)];

  const rows: readonly [string, Partial<Parameters<typeof expiredIn>[0]>, readonly string[]][] = [
    ['lets a leaf go', { marks: [c] }, ['c']],
    ['keeps what a snapshot stands on that stays', { marks: [a, b] }, []],
    ['lets a line go from its end', { marks: [a, b, c] }, ['c', 'b', 'a']],
    ['keeps what the VM stands on', { marks: [d] }, []],
    ['keeps what is to be kept, and what that stands on', { marks: [a, b, c], kept: ['b'] }, ['c']],
    ['keeps what has time', { marks: [mark('c', 3, 11)] }, []],
    ['leaves what went there as a part of a restore point', { marks: [{ ...c, whole: true }] }, []],
    ['knows one by its second too', { marks: [mark('c', 9)] }, []],
    ['keeps what it does not know', { marks: [mark('x', 3)] }, []],
  ];
  for (const [name, trash, gone] of rows) {
    it(name, () => assert.deepEqual(expiredIn({ tree, marks: [], kept: [], now: 10, ...trash }), gone));
  }

  it('lets go what is long over a day after that was seen: a clock may be ahead', async () => {
    const persistence = new FakeKeeping();
    const vm = { connection: uri, uuid: uuidOf('web') };
    persistence.thrown.set(vmKey(vm), [mark('a', 1, 10 * day)]);
    const over = async (days: number): Promise<number> => (await overInTrash(persistence.marks, vm, days * day)).length;
    assert.deepEqual([await over(9), await over(10), await over(11)], [0, 1, 1]);
    // A clock that is a year ahead, and right again.
    assert.deepEqual([await over(365), await over(365.5), await over(9)], [0, 0, 0]);
    // Nobody was there for a week.
    assert.deepEqual([await over(17), await over(17.5), await over(18)], [0, 0, 1]);
    // In the trash for the second time.
    persistence.thrown.set(vmKey(vm), [mark('a', 1, 20 * day)]);
    assert.deepEqual([await over(25), await over(26)], [0, 1]);
  });

  it('holds what is there for certain', () => {
    assert.deepEqual(inTrash(tree, [a, mark('b', 9), mark('x', 3)]), [a]);
  });

  it('is undone and done again by the log, and what is put back does not go at once', async () => {
    const r = await rig(fakeVm('web', ['s', 't']));
    const ref = { connection: uri, uuid: uuidOf('web') };
    await r.look('web');
    const until = Date.now() + 7 * day;
    const put = { kind: 'trash', vm: ref, snapshots: ['s', 'not there'], put: 'in', until } as const;
    await r.engine.mark(put);
    assert.deepEqual(r.engine.findVm(ref)!.trash, [{ name: 's', until }]);
    const undo = (await UndoLook.at(r.engine, ref)).next('undo')!;
    assert.ok(undo.way.kind === 'mark');
    await r.engine.mark(undo.way.request, undo.entry.id);
    assert.equal(r.engine.findVm(ref)!.trash, undefined);
    const redo = (await UndoLook.at(r.engine, ref)).next('redo')!;
    assert.ok(redo.way.kind === 'mark');
    await r.engine.mark(redo.way.request, redo.entry.id);
    assert.deepEqual(r.engine.findVm(ref)!.trash, [{ name: 's', until }]);
    await r.engine.mark({ ...put, put: 'out' });
    assert.equal(r.engine.findVm(ref)!.trash, undefined);
    await r.engine.mark({ ...put, until: 1 });
    assert.ok(r.engine.findVm(ref)!.trash![0]!.until > Date.now() + day / 2);
  });

  it('stands in the history, by the entry of the log', async () => {
    const r = await rig(fakeVm('web', ['s', 't']));
    const ref = { connection: uri, uuid: uuidOf('web') };
    await r.look('web');
    const put = { kind: 'trash', vm: ref, snapshots: ['s'], put: 'in', until: Date.now() + 7 * day } as const;
    await r.engine.mark(put);
    // Nothing is changed by it.
    await r.engine.mark(put);
    const [logged] = await r.engine.readLog(ref);
    const notes = r.persistence.notes.map(({ durationMs: _, ...note }) => note);
    const vm = { uuid: ref.uuid, name: 'web' };
    assert.deepEqual(notes, [{ connection: uri, vm, request: put, outcome: 'done', entry: logged!.id }]);
    await r.engine.mark({ ...put, put: 'out' });
    // Somebody else was first: it is undone, and what was asked for is told.
    await r.engine.mark({ ...put, put: 'out' }, logged!.id);
    assert.deepEqual(r.persistence.notes.at(-1)!.request, { ...put, put: 'out' });
    assert.equal(r.persistence.notes.length, 3);
  });

  it('does not let go what was taken out of it while another one was deleted', async () => {
    const web = fakeVm('web', ['u']);
    web.snapshots.push(at('x', 1), at('y', 2), at('z', 3));
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    const until = Date.now() - 1;
    r.persistence.thrown.set(vmKey(ref), [mark('x', 1, until), mark('y', 2, until), mark('z', 3, until)]);
    await r.look('web');
    r.hypervisor().onRun = async (_, step) => {
      if (step.kind === 'deleteSnapshot') {
        await r.engine.mark({ kind: 'trash', vm: ref, snapshots: ['y'], put: 'out', until: 1 });
        web.snapshots = web.snapshots.filter(({ name }) => name !== step.snapshot);
      }
      return {};
    };
    await r.engine.runOperation({ kind: 'power', vm: ref, action: 'pause' });
    await r.engine.idle();
    assert.deepEqual(
      web.snapshots.map(({ name }) => name),
      ['u', 'y'],
    );
  });

  it('is no undo of a mark that was on another snapshot of that name', async () => {
    const web = fakeVm('web', ['s', 't']);
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    await r.look('web');
    await r.engine.mark({ kind: 'trash', vm: ref, snapshots: ['t'], put: 'in', until: Date.now() + day });
    await r.engine.setKept(ref, ['t'], 'kept');
    await r.engine.setFavourite(ref, 't');
    await r.engine.setFavourite(ref, 's');
    const ways = async (): Promise<readonly string[]> => {
      const look = await UndoLook.at(r.engine, ref);
      return look.log.map((entry) => look.of(entry).way.kind);
    };
    assert.deepEqual(await ways(), ['mark', 'mark', 'mark', 'mark']);
    web.snapshots.splice(1, 1, { ...fakeSnapshot('t', 's'), createdAt: 1_800_000_000_000 });
    await r.engine.refresh({ vm: ref });
    assert.deepEqual(await ways(), ['refusal', 'refusal', 'mark', 'refusal']);
  });
});

import assert from 'node:assert/strict';
import { doomedCheckpoints, doomedLayouts, prune } from '../../../src/engine/after/autoPrune.js';
import { losesNothingBut } from '../../../src/operations/decide/losesNothingBut.js';
import { trustedRecords, undoOf } from '../../../src/engine/after/autoSnapshots.js';
import { vmKey } from '../../../src/live/views.js';
import type { AutoSnapshot, Facts } from '../../../src/domain/facts.js';
import type { PlannedWork } from '../../../src/operations/plan.js';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import { before, external, frozen, image, looked, facts, tree as treeOf } from '../domain/someFacts.js';
import { silentLog } from '../../silentLog.js';
import { settled } from './fakeClock.js';
import type { Step } from '../../../src/steps/step.js';
import { type FakeVm, fakeSnapshot, fakeVm, uuidOf } from './fakeHypervisor.js';
import { rig, uri } from './rig.js';

function auto(name: string, parent?: string): Snapshot {
  return { ...fakeSnapshot(name, parent), trailers: { auto: 'revert' } };
}

function record(name: string, target: string, change: Partial<AutoSnapshot> = {}): AutoSnapshot {
  return { name, why: 'revert', createdAt: 1_700_000_000_000, target, ...change };
}

/** s, with two leaves: t, and the checkpoint of a revert to s. */
const tree: SnapshotTree = {
  snapshots: [fakeSnapshot('s'), fakeSnapshot('t', 's'), auto('c', 's')],
  current: 's',
};

describe('a snapshot that we took unasked', () => {
  const rows: readonly [string, AutoSnapshot, number][] = [
    ['is believed when it says of itself what our record says', record('c', 's'), 1],
    ['is another when it is of another second', record('c', 's', { createdAt: 1 }), 0],
    ['is another when it was taken for another reason', record('c', 's', { why: 'layout' }), 0],
    ['is not what a person took, whatever the record says', record('t', 's'), 0],
    ['is gone when it is not there', record('x', 's'), 0],
  ];
  for (const [name, one, count] of rows) {
    it(name, () => assert.equal(trustedRecords(tree, [one]).length, count));
  }
});

describe('a prune of our own', () => {
  it('leaves what lies in the trash alone, and keeps as many beside it', async () => {
    const names = ['c1', 'c2', 'c3', 'c4'];
    const removed: string[] = [];
    const removedWith = async (trash: readonly string[]): Promise<string> => {
      removed.length = 0;
      await prune({
        ...{ vm: { connection: uri, uuid: uuidOf('web') }, sort: 'revert', keep: 2, log: silentLog },
        seen: {
          tree: { snapshots: [fakeSnapshot('s'), ...names.map((name) => auto(name, 's'))], current: 's' },
          records: names.map((name) => record(name, 's')),
          kept: [],
        },
        trashed: () => Promise.resolve(trash),
        needed: () => Promise.resolve(new Set<string>()),
        remove: (request) => Promise.resolve(removed.push('snapshot' in request ? (request.snapshot ?? '') : '')),
      });
      return removed.join(' ');
    };
    assert.equal(await removedWith([]), 'c1 c2');
    assert.equal(await removedWith(['c1', 'c4']), '');
    assert.equal(await removedWith(['c1']), 'c2');
  });
});

describe('the undo of a revert', () => {
  const at = (current: string): SnapshotTree => ({ ...tree, current });
  const rows: readonly [string, SnapshotTree, readonly AutoSnapshot[], string | undefined][] = [
    ['is the checkpoint of the last one', at('s'), [record('c', 's')], 'c'],
    ['is still there when snapshots were taken since', at('t'), [record('c', 's')], 'c'],
    ['is none after it was gone back to', at('c'), [record('c', 's')], undefined],
    ['is none after another revert', at('s'), [record('c', 't')], undefined],
    [
      'is none when its record is older than another that is gone',
      at('s'),
      [record('c', 's'), record('x', 's')],
      undefined,
    ],
    ['is none without a record', at('s'), [], undefined],
  ];
  for (const [name, which, records, undo] of rows) {
    it(name, () => assert.equal(undoOf(which, records)?.name, undo));
  }

  it('is in the view, with the names of all that are ours, and goes with the snapshot', async () => {
    const web = fakeVm('web');
    web.snapshots = [...tree.snapshots];
    web.current = 's';
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    r.persistence.recorded.set(vmKey(ref), [record('c', 's')]);
    await r.look('web');
    await settled();
    assert.equal(r.engine.findVm(ref)!.undo!.name, 'c');
    assert.deepEqual(r.engine.findVm(ref)!.auto, ['c']);
    assert.equal((await r.engine.undoOfRevert(ref))!.name, 'c');
    web.snapshots.pop();
    await r.engine.refresh({ vm: ref });
    await settled();
    assert.equal(r.engine.findVm(ref)!.undo, undefined);
    assert.equal(r.engine.findVm(ref)!.auto, undefined);
  });
});

describe('checkpoints beyond the number to be kept', () => {
  const many: SnapshotTree = {
    snapshots: [fakeSnapshot('s'), ...['c1', 'c2', 'c3', 'c4'].map((name) => auto(name, 's'))],
    current: 's',
  };
  const records = ['c1', 'c2', 'c3', 'c4'].map((name) => record(name, 's'));
  const names = (keep: number, current = 's', own = records): readonly string[] =>
    doomedCheckpoints({ ...many, current }, own, keep).map(({ name }) => name);

  it('go, the oldest first', () => assert.deepEqual(names(2), ['c1', 'c2']));
  it('are none when there are no more than that', () => assert.deepEqual(names(4), []));
  it('never are the newest, which undoes the last revert', () => assert.deepEqual(names(0), ['c1', 'c2', 'c3']));
  it('never are what the VM stands on', () => assert.deepEqual(names(1, 'c1'), ['c2', 'c3']));
  it('never are what an operation left that broke off, nor is the newest spared for it', () => {
    const left = records.map((one) =>
      one.name === 'c1' || one.name === 'c4' ? { ...one, stays: true as const } : one,
    );
    assert.deepEqual(names(1, 's', left), ['c2']);
  });
  it('are counted for each sort alone', () => {
    const mixed: SnapshotTree = {
      ...many,
      snapshots: many.snapshots.map((one) => (/[13]/u.test(one.name) ? { ...one, trailers: { auto: 'work' } } : one)),
    };
    const both = records.map((one) => (/[13]/u.test(one.name) ? record(one.name, 's', { why: 'work' }) : one));
    assert.deepEqual(
      (['revert', 'work'] as const).map((sort) => doomedCheckpoints(mixed, both, 1, [], sort).map(({ name }) => name)),
      [['c2'], ['c1']],
    );
    assert.deepEqual(doomedCheckpoints(mixed, both, 1, ['c1'], 'work'), []);
    // Nothing that a setting took is what a revert can be undone with.
    assert.equal(undoOf({ ...mixed, current: 's' }, [record('c3', 's', { why: 'work' })]), undefined);
  });
  it('never are what no record vouches for', () => assert.deepEqual(names(1, 's', records.slice(2)), ['c3']));

  it('never are what a person named or described: our records let go of it', async () => {
    for (const type of ['rename', 'describe'] as const) {
      const web = fakeVm('web', ['s']);
      web.snapshots.push(...['c1', 'c2'].map((name) => auto(name, 's')));
      const r = await rig(web);
      const ref = { connection: uri, uuid: uuidOf('web') };
      r.persistence.recorded.set(vmKey(ref), [record('c1', 's'), record('c2', 's')]);
      await r.look('web');
      await r.engine.runOperation({ kind: type, vm: ref, snapshot: 'c1', title: 'KEEP', description: '' });
      assert.deepEqual(r.persistence.recorded.get(vmKey(ref)), [record('c2', 's')]);
    }
  });

  it('that settings want go after the next of them, and nothing else does', async () => {
    for (const [auto, left] of [
      ['work', ['s', 'r', 'w2']],
      [undefined, ['s', 'r', 'w1', 'w2']],
    ] as const) {
      const web = fakeVm('web', ['s']);
      web.snapshots.push({ ...fakeSnapshot('r', 's'), trailers: { auto: 'revert' } });
      web.snapshots.push(
        ...['w1', 'w2'].map((name) => ({ ...fakeSnapshot(name, 's'), trailers: { auto: 'work' } as const })),
      );
      const r = await rig(web);
      const ref = { connection: uri, uuid: uuidOf('web') };
      const work = { why: 'work', createdAt: 1_700_000_000_000 } as const;
      r.persistence.recorded.set(vmKey(ref), [record('r', 's'), { ...work, name: 'w1' }, { ...work, name: 'w2' }]);
      r.engine.setAutoPrune(1, 2);
      await r.look('web');
      r.hypervisor().onRun = (_, step) => {
        if (step.kind === 'createSnapshot') {
          const trailers = step.auto === undefined ? {} : { auto: step.auto };
          web.snapshots.push({ ...fakeSnapshot(step.name, 's'), trailers });
          web.current = step.name;
        } else if (step.kind === 'deleteSnapshot') {
          web.snapshots = web.snapshots.filter(({ name }) => name !== step.snapshot);
        }
        return Promise.resolve({});
      };
      const { snapshot } = await r.engine.runOperation({
        kind: 'create',
        vm: ref,
        snapshotKind: 'auto',
        title: 'next',
        ...(auto !== undefined && { auto }),
      });
      for (let round = 0; round < 10; round += 1) {
        await settled();
      }
      assert.deepEqual(
        web.snapshots.map(({ name }) => name),
        [...left, snapshot],
      );
    }
  });

  /** What libvirt would do, every snapshot being a checkpoint. */
  const doTo = (web: FakeVm, step: Step): void => {
    if (step.kind === 'createSnapshot') {
      web.snapshots.push({ ...fakeSnapshot(step.name, 's'), trailers: { auto: 'revert' } });
      web.current = step.name;
    } else if (step.kind === 'revert') {
      web.current = step.snapshot;
    } else if (step.kind === 'deleteSnapshot') {
      web.snapshots = web.snapshots.filter(({ name }) => name !== step.snapshot);
    }
  };

  it('go after a revert that took one more, each by an operation of its own, and a protected VM keeps them', async () => {
    for (const isProtected of [false, true]) {
      const web = fakeVm('web', ['s']);
      web.snapshots.push(...['c1', 'c2'].map((name) => auto(name, 's')));
      const r = await rig(web);
      const ref = { connection: uri, uuid: uuidOf('web') };
      r.persistence.recorded.set(vmKey(ref), [record('c1', 's'), record('c2', 's')]);
      r.engine.setAutoPrune(2);
      r.engine.setProtected(() => isProtected);
      await r.look('web');
      r.hypervisor().onRun = (_, step) => {
        doTo(web, step);
        return Promise.resolve({});
      };
      const { checkpoint } = await r.engine.runOperation({
        kind: 'revert',
        vm: ref,
        snapshot: 's',
        after: 'asSnapshot',
        checkpointFirst: true,
      });
      for (let round = 0; round < 10; round += 1) {
        await settled();
      }
      assert.notEqual(checkpoint, undefined);
      const left = ['s', ...(isProtected ? ['c1'] : []), 'c2', checkpoint];
      assert.deepEqual(
        web.snapshots.map(({ name }) => name),
        left,
      );
      assert.equal(r.engine.findVm(ref)!.undo!.name, checkpoint);
    }
  });

  it('stay where they were marked, or gone back to, while another one was deleted', async () => {
    const web = fakeVm('web', ['s']);
    web.snapshots.push(...['c1', 'c2', 'c3', 'c4'].map((name) => auto(name, 's')));
    const r = await rig(web);
    const ref = { connection: uri, uuid: uuidOf('web') };
    r.persistence.recorded.set(
      vmKey(ref),
      ['c1', 'c2', 'c3', 'c4'].map((name) => record(name, 's')),
    );
    r.engine.setAutoPrune(1);
    await r.look('web');
    let revertedTo: Promise<unknown> | undefined;
    r.hypervisor().onRun = async (_, step) => {
      if (step.kind === 'deleteSnapshot') {
        revertedTo ??= r.engine.runOperation({ kind: 'revert', vm: ref, snapshot: 'c3', after: 'asSnapshot' });
        await r.engine.mark({ kind: 'keep', vm: ref, snapshots: ['c2'], kept: 'kept' });
      }
      doTo(web, step);
      return {};
    };
    const { checkpoint } = await r.engine.runOperation({
      kind: 'revert',
      vm: ref,
      snapshot: 's',
      after: 'asSnapshot',
      checkpointFirst: true,
    });
    await r.engine.idle();
    await revertedTo;
    assert.deepEqual(
      web.snapshots.map(({ name }) => name),
      ['s', 'c2', 'c3', checkpoint],
    );
  });

  const base = '/img/web.qcow2';
  const ownFile = '/img/web.frozen';
  const ofC1 = (empty: boolean): Facts =>
    facts({
      tree: treeOf([external('s'), external('c1', 's', { memoryFile: '/img/c1.mem' })], 's'),
      frozenDisks: frozen({ s: base, c1: ownFile }),
      files: looked({ images: { [ownFile]: image(base, { empty }), [base]: image() } }),
    });
  type Work = Pick<PlannedWork, 'deletes' | 'removes'>;
  const itself: Work = { deletes: ['c1'] };
  const workRows: readonly [string, Work, boolean][] = [
    ['may delete itself', itself, true],
    ['may not take another with it', { deletes: ['c1', 't'] }, false],
    ['may do nothing that is no delete', {}, false],
    ['may lose what it froze, and its RAM', { ...itself, removes: [ownFile, '/img/c1.mem'] }, true],
    ['may not lose what came after it', { ...itself, removes: ['/img/web.c1'] }, false],
    ['may not lose any other file', { ...itself, removes: [ownFile, base] }, false],
  ];
  for (const [name, work, allowed] of workRows) {
    it(name, () => assert.equal(losesNothingBut('c1')(planThat(work), ofC1(false)), allowed));
  }

  it('does not go where something that matters could not be seen or asked', () => {
    const unseen = looked({ images: { [ownFile]: 'unknown', [base]: image() } });
    assert.equal(losesNothingBut('c1')(planThat(itself), { ...ofC1(false), files: unseen }), false);
    assert.equal(losesNothingBut('c1')(planThat(itself), { ...ofC1(false), unasked: ['qemu:///session'] }), false);
  });

  it('a leaf of the layout goes only when what it froze is known to be empty', () => {
    const plan = planThat({ ...itself, removes: [ownFile] });
    assert.equal(losesNothingBut('c1', 'layout')(plan, ofC1(true)), true);
    assert.equal(losesNothingBut('c1', 'layout')(plan, ofC1(false)), false);
    assert.equal(losesNothingBut('c1', 'layout')(plan, { ...ofC1(true), files: looked({}) }), false);
  });
});

function planThat(work: Pick<PlannedWork, 'deletes' | 'removes'>): PlannedWork {
  const request = { kind: 'delete', vm: { connection: uri, uuid: 'u' }, snapshot: 'c1', scope: 'one' } as const;
  return { kind: 'plan', request, before, steps: [], ...work, progress: 'timeOnly' };
}

describe('leaves of a layout that nobody needs any more', () => {
  const leaf = (name: string, parent: string): Snapshot => ({
    ...fakeSnapshot(name, parent),
    trailers: { auto: 'layout' },
  });
  const noted = (name: string): AutoSnapshot => ({ name, why: 'layout', createdAt: fakeSnapshot(name).createdAt });
  const doomed = (
    snapshots: readonly Snapshot[],
    current: string,
    going: readonly string[] = [],
    kept: readonly string[] = [],
  ) =>
    doomedLayouts(
      { snapshots, current },
      snapshots.map(({ name }) => noted(name)),
      going,
      kept,
    ).map(({ name }) => name);
  const [s, l] = [fakeSnapshot('s'), leaf('l', 's')];

  it('go when the VM is elsewhere', () => assert.deepEqual(doomed([s, l], 's'), ['l']));
  it('stay while the VM is on them', () => assert.deepEqual(doomed([s, l], 'l'), []));
  it('stay below what the VM is on', () => assert.deepEqual(doomed([s, l, fakeSnapshot('x', 'l')], 'x'), []));
  it('stay below anything that stays', () => assert.deepEqual(doomed([s, l, fakeSnapshot('x', 'l')], 's'), []));
  it('go when all above them goes', () => assert.deepEqual(doomed([s, l, fakeSnapshot('x', 'l')], 's', ['x']), ['l']));
  it('go one after another, the upper first', () => assert.deepEqual(doomed([s, l, leaf('m', 'l')], 's'), ['m', 'l']));
  it('stay when somebody marked them', () => assert.deepEqual(doomed([s, l], 's', [], ['l']), []));
  it('stay when no record vouches for them', () => {
    assert.deepEqual(doomedLayouts({ snapshots: [s, l], current: 's' }, [], []), []);
  });
});

describe('what is noted of the layers of a VM', () => {
  it('goes when the VM is seen to be gone, and not where the connection is', async () => {
    const [web, db] = [fakeVm('web', ['s']), fakeVm('db', ['s'])];
    const r = await rig(web, db);
    await r.look('web');
    for (const name of ['web', 'db']) {
      await r.persistence.frozen.keep(r.ref(name), [{ name: 's', createdAt: 1, chains: [] }]);
    }
    const other = vmKey(r.ref('db'));
    r.vms.delete(uuidOf('web'));
    await r.engine.refresh({ connection: uri });
    await settled();
    assert.deepEqual([...r.persistence.layers.keys()], [other]);
    r.engine.setConnections([]);
    r.engine.setConnections([uri]);
    await settled();
    assert.deepEqual([...r.persistence.layers.keys()], [other]);
  });
});

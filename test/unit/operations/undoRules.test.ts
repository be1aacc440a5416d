// What undoes an operation of the log, what rests on what, and which operations stand.
import assert from 'node:assert/strict';
import type { LoggedOperation, LoggedRequest, LoggedSnapshot } from '../../../src/domain/loggedOperation.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Snapshot, SnapshotTree } from '../../../src/domain/snapshot.js';
import { UndoLook } from '../../../src/engine/undoLook.js';
import {
  backTo,
  effectiveAfter,
  lastOf,
  neededByUndo,
  standingOperations,
  undoingOf,
} from '../../../src/operations/undo/standingOperations.js';
import { undoOf } from '../../../src/operations/undo/undoRules.js';

const vm = { connection: 'test:///default', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f' };
const state = { power: 'off', current: 'before', disks: [] } as const;

const seen = (name: string, more: Partial<LoggedSnapshot> = {}): LoggedSnapshot => ({
  name,
  createdAt: 1_000,
  title: name,
  description: '',
  ...more,
});
const snapshot = (name: string, more: Partial<Snapshot> = {}): Snapshot => ({
  name,
  title: name,
  description: '',
  trailers: {},
  createdAt: 1_000,
  state: 'off',
  memory: { location: 'no' },
  disks: [],
  kind: 'offline',
  style: 'internal',
  ...more,
});
const tree = (...snapshots: readonly Snapshot[]): SnapshotTree => ({ snapshots });

const logged = (
  id: string,
  request: Partial<OperationRequest> & { readonly kind: LoggedRequest['kind'] },
  more: Partial<LoggedOperation> = {},
): LoggedOperation => ({
  id,
  at: 0,
  vm,
  request: { vm, ...request } as LoggedRequest,
  before: state,
  after: state,
  changes: [],
  ...more,
});
const made = (id: string, name: string, more: Partial<LoggedSnapshot> = {}): LoggedOperation =>
  logged(id, { kind: 'create', title: name }, { snapshot: name, changes: [{ after: seen(name, more) }] });
const told = (id: string, from: LoggedSnapshot, to: LoggedSnapshot, undoes?: string): LoggedOperation =>
  logged(
    id,
    { kind: 'describe', snapshot: from.name, title: to.title, description: to.description },
    { snapshot: from.name, changes: [{ before: from, after: to }], ...(undoes !== undefined && { undoes }) },
  );
const went = (id: string, to: string, checkpoint?: string, undoes?: string): LoggedOperation =>
  logged(
    id,
    { kind: 'revert', snapshot: to, after: 'asSnapshot', checkpointFirst: true },
    {
      ...(checkpoint !== undefined && { checkpoint, changes: [{ after: seen(checkpoint) }] }),
      ...(undoes !== undefined && { undoes }),
    },
  );

const why = (entry: LoggedOperation, log: readonly LoggedOperation[], now: SnapshotTree): unknown => {
  const way = undoOf(entry, { log, tree: now });
  return way.kind === 'refusal' ? way.refusal.facts : way.request;
};

describe('what undoes an operation', () => {
  it('of making a snapshot: its delete, unless another one was made on it', () => {
    const [a, b] = [made('a', 'one'), made('b', 'two', { parent: 'one' })];
    const both = tree(snapshot('one'), snapshot('two', { parent: 'one' }));
    assert.deepEqual(why(b, [a, b], both), { kind: 'delete', vm, snapshot: 'two', scope: 'one' });
    assert.deepEqual(why(a, [a, b], both), { why: 'restsOn', entries: 'b', snapshot: 'two' });
    assert.deepEqual(why(a, [a], both), { why: 'restsOn', snapshot: 'two' });
    const way = undoOf(a, { log: [a, b], tree: both, without: new Set(['b']) });
    assert.equal(way.kind, 'operation');
    const checkpoint = snapshot('kept', { parent: 'one', trailers: { auto: 'revert' } });
    assert.equal(undoOf(a, { log: [a], tree: tree(snapshot('one'), checkpoint) }).kind, 'operation');
  });

  it('nothing alone where other VMs went with it', () => {
    const a = { ...made('a', 'one'), system: { id: '1', name: 'shop' } };
    const now = tree(snapshot('one'));
    assert.deepEqual(why(a, [a], now), { why: 'ofSystem', system: 'shop' });
    assert.equal(undoOf(a, { log: [a], tree: now, forSystem: true }).kind, 'operation');
    assert.deepEqual(why(a, [a], tree()), { why: 'gone', snapshot: 'one' }, 'what leads nowhere is not pointed to');
  });

  it('nothing where the snapshot is gone, or another one has its name', () => {
    const a = made('a', 'one');
    assert.deepEqual(why(a, [a], tree()), { why: 'gone', snapshot: 'one' });
    assert.deepEqual(why(a, [a], tree(snapshot('one', { createdAt: 9_000 }))), { why: 'gone', snapshot: 'one' });
  });

  it('of a new text: the old one, unless it was changed since', () => {
    const change = told('a', seen('one', { title: 'One', description: 'x' }), seen('one', { title: 'Two' }));
    const now = tree(snapshot('one', { title: 'Two' }));
    const old = { kind: 'describe', vm, snapshot: 'one', title: 'One', description: 'x' };
    assert.deepEqual(why(change, [change], now), old);
    const other = tree(snapshot('one', { title: 'Other' }));
    assert.deepEqual(why(change, [change], other), { why: 'changed', snapshot: 'Other' });
    const later = told('b', seen('one', { title: 'Two' }), seen('one', { title: 'Three' }));
    const three = tree(snapshot('one', { title: 'Three' }));
    assert.deepEqual(why(change, [change, later], three), { why: 'restsOn', entries: 'b' });
    const undone = told('c', seen('one', { title: 'Three' }), seen('one', { title: 'Two' }), 'b');
    assert.deepEqual(why(change, [change, later, undone], now), old);
    assert.deepEqual(why(later, [change, later, undone], now), { why: 'undone', entries: 'c' });
  });

  it('of a new name: the very old one', () => {
    const rename = logged(
      'a',
      { kind: 'rename', snapshot: 'one', title: 'Two' },
      {
        snapshot: 'one',
        changes: [{ before: seen('one', { title: 'One' }) }, { after: seen('two', { title: 'Two' }) }],
      },
    );
    const now = tree(snapshot('two', { title: 'Two' }));
    const old = { kind: 'rename', vm, snapshot: 'two', title: 'One', name: 'one' };
    assert.deepEqual(why(rename, [rename], now), old);
    const makes = made('m', 'one');
    assert.deepEqual(why(makes, [makes, rename], now), { why: 'restsOn', entries: 'a' });
  });

  it('of an edit, whatever became of another snapshot of the same second', () => {
    const change = told('a', seen('one', { title: 'One' }), seen('one', { title: 'Two' }));
    const other = told('b', seen('next', { title: 'Next' }), seen('next', { title: 'Later' }));
    const now = tree(snapshot('one', { title: 'Two' }), snapshot('next', { title: 'Later' }));
    const old = { kind: 'describe', vm, snapshot: 'one', title: 'One', description: '' };
    assert.deepEqual(why(change, [change, other], now), old);
    const rename = logged(
      'c',
      { kind: 'rename', snapshot: 'one', title: 'Two' },
      {
        snapshot: 'one',
        changes: [{ before: seen('one', { title: 'Two' }) }, { after: seen('two', { title: 'Two' }) }],
      },
    );
    assert.deepEqual(why(change, [change, rename], now), { why: 'restsOn', entries: 'c' });
    const without = { log: [change, rename], without: new Set(['c']) };
    const renamed = undoOf(change, { ...without, tree: tree(snapshot('next'), snapshot('two')) });
    assert.deepEqual('request' in renamed && renamed.request, { ...old, snapshot: 'two' });
    const gone = undoOf(change, { ...without, tree: tree(snapshot('next')) });
    assert.equal(gone.kind, 'refusal', 'the other one is not taken for it');
  });

  it('of a revert: the checkpoint, or what was current where none was needed', () => {
    const [first, second] = [went('a', 'one', 'kept'), went('b', 'two', 'other')];
    const now = tree(snapshot('one'), snapshot('kept'), snapshot('other'));
    const back = { kind: 'revert', vm, snapshot: 'kept', after: 'off', checkpointFirst: true };
    assert.deepEqual(why(first, [first], now), back);
    assert.deepEqual(why(first, [first, second], now), { why: 'restsOn', entries: 'b' });
    assert.deepEqual(why(first, [first, second, went('c', 'other', undefined, 'b')], now), back);
    assert.deepEqual(why(went('d', 'one'), [], tree(snapshot('before'))), { ...back, snapshot: 'before' });
    const saved = tree(snapshot('kept', { kind: 'memory' }));
    assert.deepEqual(why(first, [first], saved), { ...back, after: 'asSnapshot' }, 'RAM of a managed save stays');
    const spared = { ...went('f', 'one'), changes: [{ before: seen('before'), after: seen('before') }] };
    const onMemory = tree(snapshot('before', { kind: 'memory' }));
    assert.deepEqual(why(spared, [spared], onMemory), { ...back, snapshot: 'before' }, 'no RAM was in a managed save');
    const bare = logged('e', { kind: 'revert', snapshot: 'one', after: 'off' });
    assert.deepEqual(why(bare, [bare], now), { why: 'noCheckpoint' });
    assert.deepEqual(why(first, [first], tree()), { why: 'gone', snapshot: 'kept' });
  });

  it('nothing where a later snapshot has the name of the one that a revert stood on, or that a mark was on', () => {
    const [was, later] = [snapshot('one'), snapshot('one', { createdAt: 9_000 })];
    const meant = { changes: [{ before: seen('one'), after: seen('one') }] };
    const requests = [
      { kind: 'revert', snapshot: 'two', after: 'off', checkpointFirst: true },
      { kind: 'keep', snapshots: ['one'], kept: 'kept' },
      { kind: 'trash', snapshots: ['one'], put: 'out', until: 0 },
      { kind: 'favourite', snapshot: 'two', instead: 'one' },
    ] as const;
    for (const request of requests) {
      const before = { ...state, current: 'one' };
      const entry = logged('a', request as never, { ...meant, before });
      assert.notEqual(undoOf(entry, { log: [], tree: tree(was) }).kind, 'refusal', request.kind);
      assert.deepEqual(why(entry, [], tree(later)), { why: 'gone', snapshot: 'one' }, request.kind);
      // An earlier version told the name alone.
      const old = logged('a', request as never, { before });
      assert.notEqual(undoOf(old, { log: [], tree: tree(later) }).kind, 'refusal', request.kind);
    }
    const both = logged('a', { kind: 'keep', snapshots: ['one', 'two'], kept: 'kept' } as never, meant);
    const left = tree(later, snapshot('two'));
    assert.deepEqual(why(both, [], left), { kind: 'keep', vm, snapshots: ['two'], kept: 'free' });
  });

  it('of a revert, found by the snapshot that goes back: with the power of before, whatever that snapshot was taken of', () => {
    const before = { ...state, power: 'paused' } as const;
    const entry = { ...went('a', 'one', 'kept'), before };
    const look = new UndoLook([entry], tree(snapshot('one'), snapshot('kept', { state: 'running', kind: 'memory' })));
    assert.deepEqual(look.undoneByRevertTo('kept'), { entry, after: 'paused' });
    assert.equal(look.undoneByRevertTo('one'), undefined);
  });

  it('nothing of power, merges, repairs and deletes', () => {
    const reasons = (['power', 'consolidate', 'prune', 'repair', 'delete'] as const).map((kind) =>
      why(logged('a', { kind }), [], tree()),
    );
    assert.deepEqual(
      reasons,
      ['power', 'merged', 'merged', 'repaired', 'deleted'].map((one) => ({ why: one })),
    );
  });
});

describe('which operations stand', () => {
  const a = made('a', 'one');
  const b = went('b', 'one', 'kept');
  const undo = went('u', 'kept', 'other', 'b');
  const redo = went('r', 'other', 'third', 'u');
  const ids = (log: readonly LoggedOperation[]): string => log.map(({ id }) => id).join('');

  it('those that nobody has undone, and what is undone twice is done', () => {
    assert.equal(ids(standingOperations([a, b, undo])), 'au');
    assert.equal(ids(standingOperations([a, b, undo, redo])), 'abr');
    assert.equal(lastOf('operation', [a, b, undo])?.id, 'a');
    assert.equal(lastOf('undo', [a, b, undo])?.id, 'u');
    assert.equal(lastOf('operation', [a, b, undo, redo])?.id, 'r');
    assert.equal(lastOf('undo', [a, b, undo, redo]), undefined);
    assert.equal(undoingOf(b, [a, b, undo])?.id, 'u');
    assert.equal(undoingOf(b, [a, b, undo, redo]), undefined);
    assert.equal(ids(effectiveAfter(a, [a, b, undo])), '');
    assert.equal(ids(effectiveAfter(a, [a, b])), 'b');
  });

  it('and reverts are done again in turn, as they were undone', () => {
    const [one, two] = [went('1', 'one', 'kept one'), went('2', 'two', 'kept two')];
    const [not2, not1] = [went('3', 'kept two', 'left two', '2'), went('4', 'kept one', 'left one', '1')];
    const again1 = went('5', 'left one', 'kept again', '4');
    const undone = [one, two, not2, not1];
    assert.equal(ids(effectiveAfter(not2, [...undone, again1])), '');
    assert.equal(ids(effectiveAfter(two, [...undone, again1])), '3');
    const needed = (log: readonly LoggedOperation[], most: number): readonly string[] => [...neededByUndo(log, most)];
    assert.deepEqual(needed([one, two], 3), ['kept one', 'kept two']);
    assert.deepEqual(needed([one, two], 1), ['kept two']);
    assert.deepEqual(needed(undone, 3), ['left two', 'left one']);
    assert.deepEqual(needed([...undone, again1], 1), ['kept again', 'left two']);
    // What was done again is undone by its redo, so the first time takes no place among so many.
    const again2 = went('4', 'left two', 'kept again', '3');
    assert.deepEqual(needed([one, two, not2, again2], 2), ['kept one', 'kept again']);
    // Nobody does again what another revert stands in the way of.
    assert.deepEqual(needed([...undone, went('6', 'x', 'kept x')], 3), ['kept x']);
    const spared = logged(
      '7',
      { kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: true },
      { spared: 'below the leaf' },
    );
    assert.deepEqual(needed([spared], 1), ['below the leaf']);
  });

  it('and nobody means starting, stopping and what was done unasked', () => {
    const tidied = logged('t', { kind: 'delete', snapshot: 'x' }, { unasked: true });
    assert.equal(lastOf('operation', [a, logged('p', { kind: 'power', action: 'start' }), tidied])?.id, 'a');
  });

  it('and a clone, which is a VM of its own, stands in the way of nothing', () => {
    const clone = logged('k', {
      kind: 'clone',
      way: 'linked',
      network: 'same',
      clone: { name: 'copy', uuid: 'b3b1f6a0-0000-4000-8000-000000000000' },
    });
    assert.equal(lastOf('operation', [a, clone])?.id, 'a');
    assert.equal(ids(backTo(a, [a, clone, b])), 'ba');
  });

  it('what leads back to before one of them, the last first', () => {
    const c = made('c', 'two');
    assert.equal(ids(backTo(a, [a, b, c])), 'cba');
    assert.equal(ids(backTo(c, [a, b, undo, c])), 'c');
    // Undone since: it stood then.
    assert.equal(ids(backTo(c, [a, b, c, undo])), 'uc');
    assert.equal(ids(backTo(b, [a, b, undo])), '');
    assert.equal(ids(backTo(b, [a, b, undo, redo])), 'r');
  });
});

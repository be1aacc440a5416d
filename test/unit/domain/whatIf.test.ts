// What a picture marks is what the plan says, and nothing else.
import assert from 'node:assert/strict';
import type { BlockMap, BlockRow } from '../../../src/domain/blockMap.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { Plan } from '../../../src/operations/plan.js';
import { nodeFates, rowFates } from '../../../src/operations/whatIf.js';
import { before } from './someFacts.js';

const vm = { connection: 'test:///', uuid: 'u' };

function plan(request: OperationRequest, changes: Partial<Plan> = {}): Plan {
  return { kind: 'plan', request, before, steps: [], losses: [], warnings: [], progress: 'timeOnly', ...changes };
}

function deleting(snapshot: string, changes: Partial<Plan> = {}, names: readonly string[] = [snapshot]): Plan {
  const request = { kind: 'delete', vm, snapshot, scope: 'one' } as const;
  return plan(request, { losses: [{ kind: 'restorePoints', names }], snapshot, ...changes });
}

function reverting(snapshot: string, changes: Partial<Plan> = {}): Plan {
  return plan({ kind: 'revert', vm, snapshot, after: 'asSnapshot' }, { snapshot, ...changes });
}

const data = (start: number, length: number) => ({ start, length, kind: 'data' }) as const;

function mapOf(rows: readonly BlockRow[], reads: BlockMap['reads'] = []): BlockMap {
  return { target: 'vda', virtualBytes: 1_000, clusterBytes: 10, rows, reads, exact: 'exact', readAt: 0 };
}

/** base ← a ← b ← present */
const chain = mapOf(
  [
    { id: 'r0', kind: 'base', file: '/base', snapshot: 'a', extents: [data(0, 500)] },
    { id: 'r1', kind: 'overlay', file: '/1', snapshot: 'b', extents: [data(0, 100), data(300, 50)] },
    { id: 'r2', kind: 'overlay', file: '/2', snapshot: 'c', extents: [data(50, 100)] },
    { id: 'r3', kind: 'present', file: '/3', extents: [data(600, 10), data(620, 10)] },
  ],
  [
    { start: 0, length: 500, row: 0 },
    { start: 600, length: 10, row: 3 },
    { start: 620, length: 10, row: 3 },
  ],
);

/** Inside an image: a ← b ← present, and c beside b. The current state has written 60 to 70 of b anew. */
const inside = mapOf([
  { id: 'a', kind: 'internalSnapshot', file: '/img', snapshot: 'a', extents: [data(0, 100)] },
  { id: 'b', kind: 'internalSnapshot', file: '/img', snapshot: 'b', after: 'a', extents: [data(50, 100)] },
  { id: 'c', kind: 'internalSnapshot', file: '/img', snapshot: 'c', after: 'a', extents: [data(90, 5)] },
  { id: 'p', kind: 'present', file: '/img', after: 'b', extents: [data(60, 10), data(140, 20)] },
]);

const merges = [{ kind: 'merges' }] as const;

describe('what a plan would do to a picture', () => {
  it('strikes the snapshots out to which there is no way back', () => {
    assert.deepEqual(nodeFates(deleting('a', {}, ['b', 'a'])), [
      { snapshot: 'b', fate: 'dropped' },
      { snapshot: 'a', fate: 'dropped' },
    ]);
  });

  it('shows where a revert goes, and whether the present is lost or kept', () => {
    assert.deepEqual(nodeFates(reverting('a', { losses: [{ kind: 'ram' }] })), [
      { snapshot: 'a', fate: 'read' },
      { snapshot: '', fate: 'dropped' },
    ]);
    assert.deepEqual(nodeFates(reverting('a', { checkpoint: 'kept' })), [
      { snapshot: 'a', fate: 'read' },
      { snapshot: '', fate: 'kept' },
    ]);
    assert.deepEqual(nodeFates(reverting('a', { losses: [{ kind: 'configuration' }] })), [
      { snapshot: 'a', fate: 'read' },
    ]);
  });

  it('marks nothing that the plan does not say', () => {
    assert.deepEqual(rowFates(deleting('b'), chain), []);
    assert.deepEqual(rowFates(plan({ kind: 'power', vm, action: 'start' }, { warnings: merges }), chain), []);
  });

  it('moves the layer above a deleted snapshot into its own', () => {
    assert.deepEqual(rowFates(deleting('b', { warnings: merges }), chain), [
      { row: 'r2', fate: 'moved', into: 'r1' },
      { row: 'r1', fate: 'receives', extents: [{ start: 50, length: 100 }] },
    ]);
  });

  it('moves the layers of several into the lowest of them', () => {
    assert.deepEqual(rowFates(deleting('a', { warnings: merges }, ['c', 'b', 'a']), chain), [
      { row: 'r1', fate: 'moved', into: 'r0' },
      { row: 'r2', fate: 'moved', into: 'r0' },
      { row: 'r3', fate: 'moved', into: 'r0' },
      {
        row: 'r0',
        fate: 'receives',
        extents: [
          { start: 0, length: 150 },
          { start: 300, length: 50 },
          { start: 600, length: 10 },
          { start: 620, length: 10 },
        ],
      },
    ]);
  });

  it('moves the layers that are committed, of this disk alone', () => {
    const disk = { target: 'vda', top: '/3', base: '/1', baseFormat: 'qcow2', merged: ['/3', '/2'] };
    const request = { kind: 'consolidate', vm } as const;
    const fates = [
      { row: 'r2', fate: 'moved', into: 'r1' },
      { row: 'r3', fate: 'moved', into: 'r1' },
      {
        row: 'r1',
        fate: 'receives',
        extents: [
          { start: 50, length: 100 },
          { start: 600, length: 10 },
          { start: 620, length: 10 },
        ],
      },
    ];
    assert.deepEqual(rowFates(plan(request, { steps: [{ kind: 'blockCommit', ...disk }] }), chain), fates);
    assert.deepEqual(rowFates(plan(request, { steps: [{ kind: 'commitImages', disks: [disk] }] }), chain), fates);
    const other = { ...disk, target: 'vdb' };
    assert.deepEqual(rowFates(plan(request, { steps: [{ kind: 'commitImages', disks: [other] }] }), chain), []);
  });

  it('drops what was written to this disk, where a revert loses it', () => {
    const losses = [{ kind: 'diskChanges', disks: [{ target: 'vda', bytes: 20 }] }] as const;
    assert.deepEqual(rowFates(reverting('b', { losses }), chain), [
      { row: 'r1', fate: 'read' },
      {
        row: 'r3',
        fate: 'dropped',
        extents: [
          { start: 600, length: 10 },
          { start: 620, length: 10 },
        ],
      },
    ]);
    const other = [{ kind: 'diskChanges', disks: [{ target: 'vdb', bytes: 20 }] }] as const;
    assert.deepEqual(rowFates(reverting('b', { losses: other }), chain), [{ row: 'r1', fate: 'read' }]);
  });

  it('keeps it where the revert takes a checkpoint', () => {
    assert.deepEqual(rowFates(reverting('b', { checkpoint: 'k' }), chain), [
      { row: 'r1', fate: 'read' },
      { row: 'r3', fate: 'kept' },
    ]);
  });

  it('drops files that the plan removes, once', () => {
    const losses = [{ kind: 'files', files: ['/3', '/elsewhere'] }, { kind: 'diskChanges' }] as const;
    assert.deepEqual(rowFates(reverting('c', { losses }), chain), [
      { row: 'r3', fate: 'dropped' },
      { row: 'r2', fate: 'read' },
    ]);
  });

  const range = (start: number, length: number) => ({ start, length });

  it('crosses of an internal snapshot those blocks out that no other state reads, and hands the others on', () => {
    assert.deepEqual(rowFates(deleting('b'), inside), [
      { row: 'b', fate: 'dropped', extents: [range(60, 10), range(140, 10)] },
      { row: 'p', fate: 'receives', from: 'b', extents: [range(50, 10), range(70, 70)] },
    ]);
    // Nothing reads what both "b" and "c" have written anew of "a".
    assert.deepEqual(rowFates(deleting('a'), inside), [
      { row: 'a', fate: 'dropped', extents: [range(90, 5)] },
      { row: 'b', fate: 'receives', from: 'a', extents: [range(0, 50)] },
      { row: 'c', fate: 'receives', from: 'a', extents: [range(0, 90), range(95, 5)] },
    ]);
    assert.deepEqual(rowFates(deleting('c'), inside), [{ row: 'c', fate: 'dropped', extents: [range(90, 5)] }]);
  });

  it('takes several internal snapshots together: what only they read goes', () => {
    assert.deepEqual(rowFates(deleting('a', {}, ['c', 'b', 'a']), inside), [
      { row: 'a', fate: 'dropped', extents: [range(50, 50)] },
      { row: 'b', fate: 'dropped', extents: [range(60, 10), range(140, 10)] },
      { row: 'c', fate: 'dropped', extents: [range(90, 5)] },
      { row: 'p', fate: 'receives', from: 'b', extents: [range(0, 60), range(70, 70)] },
    ]);
  });

  it('takes layers that cannot be read', () => {
    const rows = chain.rows.map((row) => ({ ...row, extents: 'unreadable' as const }));
    assert.deepEqual(rowFates(deleting('c', { warnings: merges }), mapOf(rows)), [
      { row: 'r3', fate: 'moved', into: 'r2' },
      { row: 'r2', fate: 'receives', extents: [] },
    ]);
    const losses = [{ kind: 'diskChanges' }] as const;
    assert.deepEqual(rowFates(reverting('c', { losses }), mapOf(rows)), [
      { row: 'r2', fate: 'read' },
      { row: 'r3', fate: 'dropped' },
    ]);
  });
});

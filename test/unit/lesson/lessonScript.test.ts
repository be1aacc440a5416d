// The script as a whole, and when its steps are done: what is seen counts, whoever did it.
import assert from 'node:assert/strict';
import type { LessonFacts } from '../../../src/lesson/lessonFacts.js';
import { standsOn } from '../../../src/lesson/lessonFacts.js';
import { type LessonStep, lessonOutline, lessonScript } from '../../../src/lesson/lessonScript.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';

const nothing: LessonFacts = { power: 'off', snapshots: [], busy: false, writes: 0, measured: 0, files: [] };
const snapshot = (name: string, change: Partial<Snapshot> = {}): Snapshot => ({
  name,
  title: name,
  description: '',
  trailers: {},
  createdAt: 1,
  state: 'running',
  memory: { location: 'no' },
  disks: [],
  kind: 'disk',
  style: 'external',
  ...change,
});
const step = (id: string): LessonStep => {
  const found = lessonScript.find((one) => one.id === id);
  assert.ok(found);
  return found;
};
const isDone = (id: string, now: Partial<LessonFacts>, before: Partial<LessonFacts> = {}): boolean =>
  step(id).done!({ ...nothing, ...now }, { ...nothing, ...before });

describe('the script of the lesson', () => {
  it('names each step once, says something in each, and asks for what it can do', () => {
    assert.equal(new Set(lessonScript.map(({ id }) => id)).size, lessonScript.length);
    for (const { id, title, say, task, act, done } of lessonScript) {
      assert.ok(title() !== '' && say().length > 0, id);
      assert.ok((task === undefined) === (act === undefined) && (act === undefined) === (done === undefined), id);
    }
    assert.equal(lessonOutline.length, lessonScript.length);
  });

  it('has no step done before it began', () => {
    const first = snapshot('First', { kind: 'memory' });
    const before = { power: 'running', snapshots: [first, snapshot('b')], current: 'b', writes: 3, layers: 3 } as const;
    for (const { id, done } of lessonScript) {
      if (!['start', 'off'].includes(id)) {
        assert.notEqual(done?.({ ...nothing, ...before }, { ...nothing, ...before }), true, id);
      }
    }
  });

  const memory = snapshot('m', { kind: 'memory' });
  const leaf = snapshot('leaf', { parent: 'm', trailers: { auto: 'layout' } });
  const table: readonly (readonly [string, boolean, string, Partial<LessonFacts>, Partial<LessonFacts>])[] = [
    ['a memory snapshot is one', true, 'memory', { snapshots: [memory] }, {}],
    ['a disk-only one is none', false, 'memory', { snapshots: [snapshot('d')] }, {}],
    ['one inside the image teaches no layers', false, 'memory', { snapshots: [{ ...memory, style: 'internal' }] }, {}],
    ['one that was there before is none', false, 'memory', { snapshots: [memory] }, { snapshots: [memory] }],
    ['one that nobody took is none', false, 'disk', { snapshots: [leaf] }, {}],
    [
      'reverted: it stands on the first one',
      true,
      'revert',
      { power: 'running', snapshots: [memory], current: 'm' },
      {},
    ],
    [
      'reverted by ourselves: on the leaf above it',
      true,
      'revert',
      { power: 'running', snapshots: [memory, leaf], current: 'leaf' },
      {},
    ],
    [
      'not reverted: on another',
      false,
      'revert',
      { power: 'running', snapshots: [memory, snapshot('d', { parent: 'm' })], current: 'd' },
      {},
    ],
    ['merged: one is gone', true, 'merge', { snapshots: [memory] }, { snapshots: [memory, snapshot('d')] }],
    ['not merged: one more', false, 'merge', { snapshots: [memory, snapshot('d')] }, { snapshots: [memory] }],
    ['piled up and measured', true, 'speed', { layers: 9, measured: 1 }, { layers: 2 }],
    ['piled up alone', false, 'speed', { layers: 9 }, { layers: 2 }],
  ];
  for (const [what, expected, id, now, before] of table) {
    it(what, () => assert.equal(isDone(id, now, before), expected));
  }

  it('asks for nothing where the VM is not as it must be', () => {
    const vm = { connection: 'c', uuid: 'u' };
    for (const id of ['revert', 'merge']) {
      const { act } = step(id);
      assert.ok(act?.kind === 'operation');
      assert.equal(act.request(vm, nothing), undefined, id);
    }
  });

  it('does not go round in a circle of parents', () => {
    const snapshots = [leaf, { ...leaf, name: 'm', parent: 'leaf' }];
    assert.equal(standsOn({ ...nothing, snapshots, current: 'leaf' }), undefined);
  });
});

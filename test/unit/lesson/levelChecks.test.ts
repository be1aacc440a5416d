// When what a step asks for is so: what is seen counts, by any cause.
import assert from 'node:assert/strict';
import { formAt, keysAt } from '../../../src/lab/shapeParts.js';
import { readLevel } from '../../../src/lesson/levelFiles.js';
import type { LessonFacts } from '../../../src/lesson/lessonFacts.js';
import { allHold, findSnapshot } from '../../../src/lesson/levelChecks.js';
import { type LevelCheck, type LevelGoal, levelShape } from '../../../src/lesson/levelShape.js';
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
describe('a check', () => {
  const memory = snapshot('m', { kind: 'memory' });
  const leaf = snapshot('leaf', { parent: 'm', trailers: { auto: 'layout' } });
  const tree = [memory, snapshot('d', { parent: 'm' })];
  const goal: LevelGoal = {
    snapshots: [
      { title: 'm', kind: 'memory' },
      { title: 'd', below: 'm' },
    ],
    current: 'd',
  };
  const files = [
    { name: 'a', bytes: 2, kind: 'base' },
    { name: 'b', bytes: 3, kind: 'delta' },
  ] as const;
  const table: readonly (readonly [string, boolean, LevelCheck, Partial<LessonFacts>, Partial<LessonFacts>])[] = [
    ['a memory snapshot is one', true, { new: { kind: 'memory', style: 'external' } }, { snapshots: [memory] }, {}],
    [
      'a disk-only one is none',
      false,
      { new: { kind: 'memory', style: 'external' } },
      { snapshots: [snapshot('d')] },
      {},
    ],
    [
      'one inside the image teaches no layers',
      false,
      { new: { kind: 'memory', style: 'external' } },
      { snapshots: [{ ...memory, style: 'internal' }] },
      {},
    ],
    [
      'one that was there before is none',
      false,
      { new: { kind: 'memory', style: 'external' } },
      { snapshots: [memory] },
      { snapshots: [memory] },
    ],
    ['one that nobody took is none', false, { new: { kind: 'disk', style: 'external' } }, { snapshots: [leaf] }, {}],
    [
      'reverted: it stands on the first one',
      true,
      { power: 'running', current: '@memory' },
      { power: 'running', snapshots: [memory], current: 'm' },
      {},
    ],
    [
      'reverted by ourselves: on the leaf above it',
      true,
      { power: 'running', current: '@memory' },
      { power: 'running', snapshots: [memory, leaf], current: 'leaf' },
      {},
    ],
    [
      'not reverted: on another',
      false,
      { power: 'running', current: '@memory' },
      { power: 'running', snapshots: [memory, snapshot('d', { parent: 'm' })], current: 'd' },
      {},
    ],
    ['merged: one is gone', true, { gone: ['@any'] }, { snapshots: [memory] }, { snapshots: [memory, snapshot('d')] }],
    [
      'not merged: one more',
      false,
      { gone: ['@any'] },
      { snapshots: [memory, snapshot('d')] },
      { snapshots: [memory] },
    ],
    [
      'piled up and measured',
      true,
      { layers: { least: 9 }, measured: true },
      { layers: 9, measured: 1 },
      { layers: 2 },
    ],
    ['piled up alone', false, { layers: { least: 9 }, measured: true }, { layers: 9 }, { layers: 2 }],
    ['a title below another', true, { snapshots: [{ title: 'd', kind: 'disk', below: 'm' }] }, { snapshots: tree }, {}],
    ['not below that one', false, { snapshots: [{ title: 'd', below: 'x' }] }, { snapshots: tree }, {}],
    ['gone by its title', true, { gone: ['x'] }, { snapshots: tree }, {}],
    ['still there', false, { gone: ['d'] }, { snapshots: tree }, {}],
    ['as many as that', true, { count: { least: 2, most: 2 } }, { snapshots: tree }, {}],
    ['too many', false, { count: { most: 1 } }, { snapshots: tree }, {}],
    ['the goal', true, { goal: true }, { snapshots: tree, current: 'd' }, {}],
    ['the goal, but elsewhere', false, { goal: true }, { snapshots: tree, current: 'm' }, {}],
    ['more than the goal', false, { goal: true }, { snapshots: [...tree, snapshot('e')], current: 'd' }, {}],
    ['files of a size', true, { bytes: { of: 'top', least: 2, most: 4 } }, { files, top: 'b' }, {}],
    ['files too large', false, { bytes: { of: 'all', most: 4 } }, { files, top: 'b' }, {}],
    ['written since', true, { wrote: true }, { writes: 2 }, { writes: 1 }],
    ['not written since', false, { wrote: true }, { writes: 1 }, { writes: 1 }],
    ['the counter', true, { counter: 5 }, { counter: 5 }, {}],
    ['another counter', false, { counter: 5 }, { counter: 6 }, {}],
    ['a block', true, { blocks: [{ at: 16, seed: 7 }] }, { blocks: { 16: 7 } }, {}],
    ['another block', false, { blocks: [{ at: 16, seed: 0 }] }, { blocks: { 16: 7 } }, {}],
    ['a kept one', true, { kept: 'm' }, { snapshots: tree, kept: ['m'] }, {}],
    ['one that is not kept', false, { kept: 'd' }, { snapshots: tree, kept: ['m'] }, {}],
    ['done since', true, { did: 'undo' }, { did: ['revert', 'undo'] }, { did: ['revert'] }],
    ['done before', false, { did: 'revert' }, { did: ['revert', 'undo'] }, { did: ['revert'] }],
    ['a fork that runs', true, { clones: { least: 1, power: 'running' } }, { clones: ['off', 'running'] }, {}],
    ['a clone alone', false, { clones: { least: 1, power: 'running' } }, { clones: ['off'] }, {}],
    ['clones that are not known', false, { clones: { most: 0 } }, {}, {}],
    ['found', true, { found: 'd' }, { snapshots: tree, found: 'd' }, {}],
    ['another one found', false, { found: 'd' }, { snapshots: tree, found: 'm' }, {}],
    ['a file that was copied', true, { file: { name: 'A.TXT', text: 'key' } }, { copied: { 'A.TXT': 'The key.' } }, {}],
    ['with another text', false, { file: { name: 'A.TXT', text: 'key' } }, { copied: { 'A.TXT': 'Nothing' } }, {}],
    ['exported', true, { exported: { least: 2 } }, { exported: 2 }, {}],
    ['exported too little', false, { exported: { least: 2 } }, { exported: 1 }, {}],
    ['a problem', true, { problem: 'orphanTag' }, { problems: ['orphanTag'] }, {}],
    ['no such problem', false, { problem: 'orphanTag' }, { problems: [] }, {}],
    ['healthy', true, { healthy: true }, { problems: [] }, {}],
    ['not examined', false, { healthy: true }, {}, {}],
  ];
  for (const [what, expected, check, now, before] of table) {
    it(what, () => assert.equal(allHold(check, { ...nothing, ...now }, { ...nothing, ...before }, goal), expected));
  }

  it('tells how each act and each check is written, also where one is wrong', () => {
    for (const place of [
      ['steps', 0, 'do', 0],
      ['steps', 0, 'check'],
    ]) {
      for (const key of keysAt(levelShape, place)) {
        assert.notEqual(formAt(levelShape, [...place, key]), '', key);
      }
    }
    const text = 'version: 1\ntitle: a\nsteps: [{ title: a, say: [a], do: [{ write: [5] }] }]\n';
    assert.match(readLevel(text).problems[0]?.message ?? '', /“write”: .*: \{ at\?, blocks\?, seed\? \}$/u);
  });

  it('knows each word of the vocabulary', () => {
    const told = new Set(table.flatMap(([, , check]) => Object.keys(check)));
    assert.deepEqual([...told].sort(), [...keysAt(levelShape, ['steps', 0, 'check'])].sort());
    for (const word of told) {
      assert.deepEqual(
        new Set(table.filter(([, , check]) => word in check).map(([, expected]) => expected)),
        new Set([true, false]),
        word,
      );
    }
  });

  it('does not go round in a circle of parents', () => {
    const snapshots = [leaf, { ...leaf, name: 'm', parent: 'leaf' }];
    assert.equal(findSnapshot({ ...nothing, snapshots, current: 'leaf' }, '@current'), undefined);
  });
});

// Which restore points of a system a rule chooses.
import assert from 'node:assert/strict';
import type { SystemPoint } from '../../../src/domain/system.js';
import { chosenPoints, pointsForRules, type SystemPrune, withoutQuestions } from '../../../src/systems/systemPrune.js';

const now = 1_000_000;
const point = (title: string, age: number, auto?: 'revert' | 'work'): SystemPoint => ({
  id: title,
  title,
  createdAt: now - age,
  members: [],
  ...(auto !== undefined && { auto }),
});
const points = [point('left', 500, 'revert'), point('b', 300), point('a', 400), point('c', 200), point('d', 100)];
const titles = (rule: Parameters<typeof chosenPoints>[0]): readonly string[] =>
  chosenPoints(rule, points, now).map(({ title }) => title);

describe('the rule of a prune of a system', () => {
  it('chooses the oldest beyond a number, and never what a revert left', () => {
    assert.deepEqual(titles({ keepLast: 2 }), ['a', 'b']);
    assert.deepEqual(titles({ keepLast: 9 }), []);
  });

  it('chooses by age, and what both name', () => {
    assert.deepEqual(titles({ olderThanMs: 200 }), ['a', 'b', 'c']);
    assert.deepEqual(titles({ olderThanMs: 201, keepLast: 3 }), ['a']);
  });

  it('chooses of those that settings wanted by themselves', () => {
    const mixed = [...points, point('w1', 90, 'work'), point('w2', 80, 'work'), point('w3', 70, 'work')];
    const chosen = (sort: 'made' | 'work') => chosenPoints({ keepLast: 2 }, mixed, now, sort).map(({ title }) => title);
    assert.deepEqual([chosen('work'), chosen('made')], [['w1'], ['a', 'b']]);
  });
});

describe('the points that rules are asked about', () => {
  it('are those of which nothing lies in the trash', async () => {
    const vm = { connection: 'c', uuid: 'u' };
    const taken = (title: string, createdAt: number): SystemPoint => ({
      ...{ id: title, title, createdAt },
      members: [{ ...vm, name: 'web', snapshot: title, createdAt, kind: 'memory', state: 'running' }],
    });
    const all = [taken('a', 1), taken('b', 2)];
    const snapshots = all.map(({ title: name, createdAt }) => ({ name, createdAt }));
    const engine = {
      findVm: () => ({ tree: { snapshots } }),
      trashedSnapshots: () => Promise.resolve(['a']),
    } as unknown as Parameters<typeof pointsForRules>[0];
    const system = { id: 's', name: 's', members: [{ ...vm, name: 'web' }] };
    const left = await pointsForRules(engine, { system, points: all });
    assert.deepEqual(left, [all[1]]);
  });
});

describe('what goes of a system unasked', () => {
  const going = (title: string, plan: object): SystemPrune['going'][number] => {
    const snapshots = [{ name: title, memory: { file: '/ram' } }];
    return { stored: point(title, 0, 'work'), members: [{ view: { tree: { snapshots } }, plan }] } as never;
  };

  for (const [name, plan, goes] of [
    ['itself, inside an image', { deletes: ['w'] }, true],
    ['itself with its RAM', { deletes: ['w'], removes: ['/ram'] }, true],
    ['another file', { deletes: ['w'], removes: ['/ram', '/overlay'] }, false],
    ['another snapshot', { deletes: ['w', 'x'] }, false],
    ['nobody knows what', {}, false],
  ] as const) {
    it(`is a point that takes with it ${name}: ${goes}`, () => {
      const prune = { going: [going('w', plan)], stays: [] } as unknown as SystemPrune;
      const { going: left, stays } = withoutQuestions(prune);
      assert.deepEqual([left.length, stays.map(({ why }) => why.kind)], goes ? [1, []] : [0, ['needed']]);
    });
  }
});

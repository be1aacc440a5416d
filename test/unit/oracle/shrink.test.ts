// How a history that fails is made short, and that a seed makes the same one again.
import assert from 'node:assert/strict';
import type { Action, Script } from '../../histories/action.js';
import { seededRandom } from '../../histories/random.js';
import { shrink } from '../../histories/shrink.js';

function script(...actions: readonly Action[]): Script {
  return { style: 'internal', disks: ['qcow2'], actions };
}
const snapshot = (as: string): Action => ({ do: 'create', as, title: as, kind: 'offline' });
const made = ({ actions }: Script): string => actions.map((a) => (a.do === 'create' ? a.as : a.do)).join(' ');

describe('shrinking a history', () => {
  const long = script(...Array.from({ length: 20 }, (_, index) => snapshot(`s${String(index)}`)));

  it('leaves what the failure needs, and the last action', async () => {
    const needs = (one: Script): Promise<boolean> =>
      Promise.resolve(['s3', 's11'].every((as) => made(one).split(' ').includes(as)));
    assert.equal(made(await shrink(long, needs, 1000)), 's3 s11 s19');
  });

  it('takes out single blocks of what the guest wrote', async () => {
    const wrote = script(
      {
        do: 'write',
        disk: 0,
        blocks: [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
      },
      snapshot('s'),
    );
    const needs = ({ actions: [first] }: Script): Promise<boolean> =>
      Promise.resolve(first?.do === 'write' && first.blocks.some(([block]) => block === 2));
    const [short] = (await shrink(wrote, needs, 1000)).actions;
    assert.deepEqual(short, { do: 'write', disk: 0, blocks: [[2, 2]] });
  });

  it('ends after so many tries, with a history that was seen to fail', async () => {
    let tries = 0;
    const short = await shrink(long, ({ actions }) => Promise.resolve(++tries > 0 && actions.length >= 10), 3);
    assert.equal(tries, 3);
    assert.ok(short.actions.length >= 10);
  });
});

describe('numbers of a seed', () => {
  it('are the same each time, and others for another seed', () => {
    const some = (seed: number): readonly number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => random.int(1, 6));
    };
    assert.deepEqual(some(7), some(7));
    assert.notDeepEqual(some(7), some(8));
    assert.ok(some(9).every((number) => number >= 1 && number <= 6));
  });

  it('never choose what weighs nothing', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 200; round++) {
      assert.equal(
        random.weighted([
          ['a', 0],
          ['b', 1],
          ['c', 0],
        ] as const),
        'b',
      );
    }
  });
});

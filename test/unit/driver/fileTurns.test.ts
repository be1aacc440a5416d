// Looks at files that never come back: how many there are, and what becomes of the others.
import assert from 'node:assert/strict';
import { setImmediate as lease } from 'node:timers/promises';
import { FileTurns, FolderHangs } from '../../../src/driver/files/fileTurns.js';

describe('turns for looking at files', () => {
  let now: number;
  let turns: FileTurns;
  let begun: string[];
  let ends: Map<string, () => void>;

  beforeEach(() => {
    now = 0;
    turns = new FileTurns(() => now);
    begun = [];
    ends = new Map();
  });

  /** Begins a look that lasts until it is ended; answers how it came out, when it has. */
  const look = (folder: string, name: string): Promise<string> =>
    turns
      .within(folder, () => {
        begun.push(name);
        return new Promise<string>((resolve) => ends.set(name, () => resolve('seen')));
      })
      .catch((error: unknown) => {
        assert.ok(error instanceof FolderHangs, String(error));
        return `hangs ${error.folder}`;
      });
  const end = async (name: string): Promise<void> => {
    await lease();
    const last = ends.get(name) ?? assert.fail(`${name} has not begun`);
    last();
    await lease();
  };

  it('are two for a folder, three in all, in the order in which they were asked for', async () => {
    const looks = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'].map((name) => look(`/${name.slice(0, 1)}`, name));
    await lease();
    assert.deepEqual(begun, ['a1', 'a2', 'b1']);
    await end('b1');
    assert.deepEqual(begun, ['a1', 'a2', 'b1', 'b2']);
    await end('a2');
    assert.deepEqual(begun, ['a1', 'a2', 'b1', 'b2', 'a3']);
    for (const name of ['a1', 'b2', 'a3']) {
      await end(name);
    }
    await end('c1');
    assert.deepEqual(
      await Promise.all(looks),
      looks.map(() => 'seen'),
    );
  });

  it('go on where one fails', async () => {
    await assert.rejects(
      turns.within('/a', () => Promise.reject(new Error('broken'))),
      /broken/u,
    );
    const looks = ['a1', 'a2', 'a3'].map((name) => look('/a', name));
    await lease();
    assert.deepEqual(begun, ['a1', 'a2']);
    for (const name of ['a1', 'a2', 'a3']) {
      await end(name);
    }
    await Promise.all(looks);
  });

  it('are not given for a folder that hangs, until it answers, and for others they are', async () => {
    const hanging = [look('/a', 'a1'), look('/a', 'a2')];
    await lease();
    now += 15_001;
    assert.equal(await look('/a', 'a3'), 'hangs /a');
    const other = look('/b', 'b1');
    await end('b1');
    assert.equal(await other, 'seen');
    await end('a1');
    await end('a2');
    await Promise.all(hanging);
    const again = look('/a', 'a4');
    await end('a4');
    assert.equal(await again, 'seen');
    assert.ok(!begun.includes('a3'));
  });

  it('are not given at all where all of them hang', async () => {
    const hanging = [look('/a', 'a1'), look('/a', 'a2'), look('/b', 'b1')];
    await lease();
    now += 15_001;
    assert.equal(await look('/c', 'c1'), 'hangs /c');
    await end('b1');
    const other = look('/c', 'c2');
    await end('c2');
    assert.equal(await other, 'seen');
    await end('a1');
    await end('a2');
    await Promise.all(hanging);
  });
});

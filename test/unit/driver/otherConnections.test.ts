import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { OtherConnections } from '../../../src/driver/connection/otherConnections.js';
import type { Connection } from '../../../src/libvirt/connection.js';

interface Fake {
  isIdle: boolean;
  callCount: number;
  closed: boolean;
}

describe('the connections beside the one that stays', () => {
  let made: Fake[];
  let others: OtherConnections;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    made = [];
    others = new OtherConnections(() => {
      const fake = { isIdle: true, callCount: 3, closed: false, close: () => (fake.closed = true) };
      made.push(fake);
      return Promise.resolve(fake as unknown as Connection);
    });
  });
  afterEach(() => mock.timers.reset());

  it('one that was let go is the next one', async () => {
    const first = await others.open();
    others.close(first);
    assert.equal(await others.open(), first);
    assert.notEqual(await others.open(), first);
    assert.equal(made.length, 2);
  });

  it('no more than one waits, and not for long', async () => {
    const [one, two] = [await others.open(), await others.open()];
    others.close(one);
    others.close(two);
    assert.deepEqual(
      made.map(({ closed }) => closed),
      [false, true],
    );
    mock.timers.tick(1_000);
    assert.deepEqual(
      made.map(({ closed }) => closed),
      [true, true],
    );
    assert.equal(await others.open().then(() => made.length), 3);
  });

  it('none waits on which a call is under way, or that is lost', async () => {
    others.close(await others.open());
    made[0]!.isIdle = false;
    const next = await others.open();
    assert.equal(made.length, 2);
    made[1]!.isIdle = false;
    others.close(next);
    assert.ok(made.every(({ closed }) => closed));
  });

  it('ends with what they belong to; one in use is left to who uses it', async () => {
    const [one, two] = [await others.open(), await others.open()];
    others.close(one);
    others.dispose();
    assert.deepEqual(
      made.map(({ closed }) => closed),
      [true, false],
    );
    others.close(two);
    assert.ok(made.every(({ closed }) => closed));
  });

  it('counts the calls of who had one, but those of connecting', async () => {
    const [one, two] = [await others.open(), await others.open()];
    assert.equal(others.callCount, 0);
    made[0]!.callCount += 2;
    assert.equal(others.callCount, 2);
    others.close(one);
    others.close(two);
    assert.equal(others.callCount, 2);
    await others.open();
    made[0]!.callCount += 1;
    assert.equal(others.callCount, 3);
  });
});

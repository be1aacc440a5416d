import assert from 'node:assert/strict';
import { SharedResource } from '../../../src/driver/files/sharedResource.js';

describe('one thing for all who need it at the same time', () => {
  let story: string[];
  let made: number;
  let letEnd: () => void;
  let shared: SharedResource<number>;

  beforeEach(() => {
    story = [];
    made = 0;
    const mayEnd = new Promise<void>((resolve) => (letEnd = resolve));
    shared = new SharedResource(
      () => {
        made++;
        story.push(`made ${made}`);
        return Promise.resolve(made);
      },
      async (it) => {
        story.push(`ending ${it}`);
        await mayEnd;
        story.push(`ended ${it}`);
      },
    );
  });

  it('is made once and ended after the last', async () => {
    letEnd();
    const seen = await Promise.all([1, 2, 3].map(() => shared.use((it) => Promise.resolve(it))));
    assert.deepEqual(seen, [1, 1, 1]);
    assert.deepEqual(story, ['made 1', 'ending 1', 'ended 1']);
  });

  it('the next one is not made before the last one has ended', async () => {
    let isUsed: () => void = () => undefined;
    const used = new Promise<void>((resolve) => (isUsed = resolve));
    const first = shared.use(() => {
      isUsed();
      return Promise.resolve();
    });
    await used;
    while (story.at(-1) !== 'ending 1') {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const second = shared.use((it) => Promise.resolve(it));
    letEnd();
    await first;
    assert.equal(await second, 2);
    assert.deepEqual(story, ['made 1', 'ending 1', 'ended 1', 'made 2', 'ending 2', 'ended 2']);
  });

  it('what goes wrong in use is told after the end', async () => {
    letEnd();
    await assert.rejects(
      shared.use(() => Promise.reject(new Error('mine'))),
      /mine/,
    );
    assert.deepEqual(story, ['made 1', 'ending 1', 'ended 1']);
  });

  it('one that cannot be made fails all who wait, is not ended, and is made anew for the next', async () => {
    let fail = true;
    const fragile = new SharedResource(
      () => (fail ? Promise.reject(new Error('not now')) : Promise.resolve('it')),
      () => {
        story.push('ended');
        return Promise.resolve();
      },
    );
    const use = (): Promise<string> => fragile.use((it) => Promise.resolve(it));
    const outcomes = await Promise.allSettled([use(), use()]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.deepEqual(story, []);
    fail = false;
    assert.equal(await use(), 'it');
    assert.deepEqual(story, ['ended']);
  });
});

import assert from 'node:assert/strict';
import { share } from '../../../src/live/sharing.js';
import { Failure } from '../../../src/domain/failure.js';

describe('share', () => {
  const before = {
    name: 'a',
    list: [
      { name: 'x', of: { n: 1 } },
      { name: 'y', of: { n: 2 } },
    ],
    plain: [1, 2],
  };

  it('gives the old value when the new one says the same', () => {
    assert.equal(share(before, structuredClone(before)), before);
  });

  it('replaces only what changed', () => {
    const now = structuredClone(before);
    now.list[1]!.of.n = 3;
    const shared = share(before, now);
    assert.deepEqual(shared, now);
    assert.notEqual(shared, before);
    assert.equal(shared.list[0], before.list[0]);
    assert.equal(shared.plain, before.plain);
  });

  it('knows members by their name wherever they stand', () => {
    const now = structuredClone(before);
    now.list.unshift({ name: 'new', of: { n: 0 } });
    const shared = share(before, now);
    assert.deepEqual(shared, now);
    assert.equal(shared.list[1], before.list[0]);
    assert.equal(shared.list[2], before.list[1]);
  });

  it('sees another order, a field that is gone and one that is new', () => {
    const turned = { ...before, list: before.list.toReversed() };
    assert.deepEqual(share(before, turned).list, turned.list);
    assert.notEqual(share<object>(before, { name: 'a', list: before.list }), before);
    assert.notEqual(share<object>({ name: 'a' }, { name: 'a', title: 't' }), before);
    assert.deepEqual(share<object>({ a: undefined }, { b: undefined }), { b: undefined });
  });

  it('compares failures by their kind and details', () => {
    const failure = new Failure('busy', { vm: 'web' });
    assert.equal(share<Failure>(failure, new Failure('busy', { vm: 'web' })), failure);
    assert.notEqual(share<Failure>(failure, new Failure('lost', { vm: 'web' })), failure);
    assert.notEqual(share<Failure>(failure, new Failure('busy', { vm: 'db' })), failure);
  });
});

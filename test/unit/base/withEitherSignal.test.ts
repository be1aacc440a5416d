// A task under several signals: it hears of each, and leaves nothing on one that lives on.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { withEitherSignal } from '../../../src/base/withEitherSignal.js';

describe('a task under either of several signals', () => {
  const reasonOf = (signal: AbortSignal): Promise<unknown> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));

  it('hears of each of them, with its reason', async () => {
    for (const at of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()];
      const task = withEitherSignal([undefined, ...controllers.map(({ signal }) => signal)], reasonOf);
      controllers[at]!.abort('enough');
      assert.equal(await task, 'enough');
    }
  });

  it('begins aborted under one that is', async () => {
    const signals = [new AbortController().signal, AbortSignal.abort('before')];
    const seen = await withEitherSignal(signals, ({ aborted, reason }) => Promise.resolve([aborted, reason]));
    assert.deepEqual(seen, [true, 'before']);
  });

  it('leaves nothing on a signal that lives on, however the task ends', async () => {
    const { signal } = new AbortController();
    await withEitherSignal([signal], (own) => {
      own.addEventListener('abort', () => assert.fail());
      return Promise.resolve();
    });
    const broken = withEitherSignal([signal, AbortSignal.abort()], () => Promise.reject(new Error('it broke')));
    await assert.rejects(broken, /it broke/u);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
    // How the runtime keeps what `AbortSignal.any` gives.
    const kept = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals');
    assert.equal(kept === undefined ? 0 : ((Reflect.get(signal, kept) as Set<unknown> | undefined)?.size ?? 0), 0);
  });
});

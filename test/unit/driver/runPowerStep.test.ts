// A guest that is faster than the answer to the call that asked it: its agent is gone before it has answered.
import assert from 'node:assert/strict';
import type { GuestEvent } from '../../../src/driver/guestEvents.js';
import { runPowerAction } from '../../../src/driver/run/runPowerStep.js';
import type { StepContext } from '../../../src/driver/run/stepContext.js';
import { Emitter } from '../../../src/base/emitter.js';
import { silentLog } from '../../../src/base/log.js';
import type { Failure } from '../../../src/domain/failure.js';
import { capabilities, ref, vm } from '../domain/situations.js';

/** virDomainState. */
const [running, shuttingDown, off] = [1, 4, 5];

describe('asking a guest to shut down', () => {
  /** @param state what libvirt says of it once its answer is an error */
  function asked(state: number) {
    const happenings = new Emitter<GuestEvent>();
    const closes = new Emitter<Failure>();
    const error = new Error('domain is not running');
    const calls: string[] = [];
    let looked: (() => void) | undefined;
    const hasLooked = new Promise<void>((resolve) => (looked = resolve));
    const connection = {
      call: (name: string) => {
        calls.push(name);
        if (name === 'domainGetState') {
          looked?.();
          return Promise.resolve({ state, reason: 0 });
        }
        return Promise.reject(error);
      },
    } as unknown as StepContext['connection'];
    const context = {
      connection,
      vm: vm(),
      dom: { name: 'web', uuid: ref.uuid, id: 1 },
      capabilities: capabilities(9, 0),
      events: { onDidHappen: happenings.event, onDidClose: closes.event },
      log: silentLog,
      guestPatienceMs: 60_000,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    } as unknown as StepContext;
    const running = runPowerAction(context, 'shutDown');
    return { running, hasLooked, error, calls, stops: () => happenings.fire({ uuid: ref.uuid, what: 'stopped' }) };
  }

  for (const state of [shuttingDown, off]) {
    it(`waits for its end where libvirt says that it goes: state ${String(state)}`, async () => {
      const { running: asking, hasLooked, stops } = asked(state);
      await hasLooked;
      stops();
      await asking;
    });
  }

  it('fails with what libvirt said where it runs on', async () => {
    const { running: asking, error, calls } = asked(running);
    await assert.rejects(asking, (failure) => failure === error);
    assert.deepEqual(calls, ['domainShutdownFlags', 'domainGetState']);
  });
});

// A guest that is faster than the answer to the call that asked it: its agent is gone before it has answered, or
// somebody has switched it off.
import assert from 'node:assert/strict';
import type { GuestEvent } from '../../../src/driver/guestEvents.js';
import { runPowerAction } from '../../../src/driver/run/runPowerStep.js';
import type { StepContext } from '../../../src/driver/run/stepContext.js';
import { Emitter } from '../../../src/base/emitter.js';
import { silentLog } from '../../silentLog.js';
import { Failure } from '../../../src/domain/failure.js';
import { capabilities, ref, vm } from '../domain/someFacts.js';

/** virDomainState. */
const [running, shuttingDown, off] = [1, 4, 5];

describe('asking a guest', () => {
  /**
   * @param state what libvirt says of it once its answer is an error
   * @param beforeAnswer what happens to the guest before there is an answer
   */
  function asked(
    action: 'shutDown' | 'restart',
    state: number,
    beforeAnswer?: GuestEvent['kind'],
    patienceMs = 60_000,
  ) {
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
        if (beforeAnswer !== undefined) {
          happenings.fire({ uuid: ref.uuid, kind: beforeAnswer });
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
      guestPatienceMs: patienceMs,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    } as unknown as StepContext;
    const asking = runPowerAction(context, action);
    return { asking, hasLooked, error, calls, stops: () => happenings.fire({ uuid: ref.uuid, kind: 'stopped' }) };
  }

  const stoppedInstead = (failure: unknown): boolean =>
    failure instanceof Failure && failure.kind === 'failed' && failure.details.stateNow === 'off';

  for (const state of [shuttingDown, off]) {
    it(`to shut down: waits for its end where libvirt says that it goes: state ${String(state)}`, async () => {
      const { asking, hasLooked, stops } = asked('shutDown', state);
      await hasLooked;
      stops();
      await asking;
    });
  }

  it('tells how long a guest that does nothing was waited for', async () => {
    const { asking } = asked('shutDown', shuttingDown, undefined, 5);
    await assert.rejects(asking, (failure) => failure instanceof Failure && failure.details.silentMs === 5);
  });

  it('to restart: it is off, and that is why it failed', async () => {
    const { asking } = asked('restart', off);
    await assert.rejects(asking, stoppedInstead);
  });

  it('to restart: waits for its end where it goes, and that is why it failed', async () => {
    const { asking, hasLooked, stops } = asked('restart', shuttingDown);
    await hasLooked;
    stops();
    await assert.rejects(asking, stoppedInstead);
  });

  it('goes by what has happened rather than by what the call says', async () => {
    await asked('shutDown', running, 'stopped').asking;
    await asked('restart', running, 'rebooted').asking;
    await assert.rejects(asked('restart', running, 'stopped').asking, stoppedInstead);
  });

  for (const [action, call] of [
    ['shutDown', 'domainShutdownFlags'],
    ['restart', 'domainReboot'],
  ] as const) {
    it(`fails with what libvirt said where it runs on: ${action}`, async () => {
      const { asking, error, calls } = asked(action, running);
      await assert.rejects(asking, (failure) => failure === error);
      assert.deepEqual(calls, [call, 'domainGetState']);
    });
  }
});

// Changes the state of power of a VM, and waits until it is so where the guest itself has the last word.
import { DisposableStore, toDisposable } from '../../base/disposable.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { withDetails } from '../../domain/asFailure.js';
import type { PowerAction } from '../../domain/operation.js';
import type { PowerState } from '../../domain/vm.js';
import type { GuestEvent } from '../guestEvents.js';
import { readPower } from '../powerState.js';
import { startVm } from './openImages.js';
import type { StepContext } from './stepContext.js';
import { whileAnswered } from './unanswered.js';

/**
 * | action   | call                                 | ends with                                       |
 * |----------|--------------------------------------|-------------------------------------------------|
 * | start    | create                               | its answer                                      |
 * | forceOff | destroy                              | its answer                                      |
 * | pause    | suspend                              | its answer                                      |
 * | resume   | resume; of a VM asleep: wake-up       | its answer                                      |
 * | shutDown | shutdown, by agent or ACPI as libvirt chooses | the stopped event                       |
 * | restart  | reboot, by agent or ACPI as libvirt chooses   | the reboot event; a stop is a failure   |
 */
export async function runPowerAction(context: StepContext, action: PowerAction): Promise<void> {
  const { connection, dom, vm } = context;
  switch (action) {
    case 'start':
      await startVm(context, 'running');
      return;
    case 'forceOff':
      await connection.call('domainDestroyFlags', { dom, flags: 0 });
      return;
    case 'pause':
      await awaitAnswer(context, connection.call('domainSuspend', { dom }));
      return;
    case 'resume':
      await awaitAnswer(
        context,
        vm.power === 'asleep'
          ? connection.call('domainPmWakeup', { dom, flags: 0 })
          : connection.call('domainResume', { dom }),
      );
      return;
    case 'shutDown':
      await askGuest(context, 'stopped', () =>
        awaitAnswer(context, connection.call('domainShutdownFlags', { dom, flags: 0 })),
      );
      return;
    case 'restart':
      await askGuest(context, 'rebooted', () =>
        awaitAnswer(context, connection.call('domainReboot', { dom, flags: 0 })),
      );
  }
}

/** A QEMU that does not answer may do it later: libvirt does not take it back. */
async function awaitAnswer({ connection, dom, capabilities }: StepContext, call: Promise<unknown>): Promise<void> {
  try {
    await (capabilities.driver === 'qemu'
      ? whileAnswered(call, { control: connection, dom, waitsForJobs: true })
      : call);
  } catch (error) {
    throw error instanceof Failure ? withDetails(error, { mayStillHappen: true }) : error;
  }
}

/**
 * Asks the guest, which may ignore it, and waits for the event that shows that it obeyed.
 * @throws Failure `failed` when the guest lets the time pass or stops instead, `cancelled` when nobody waits any
 * longer (the guest may still obey), `lost` when no event can come any more
 */
async function askGuest(context: StepContext, awaited: GuestEvent['kind'], ask: () => Promise<unknown>): Promise<void> {
  const { vm, events, signal, guestPatienceMs, capabilities } = context;
  const held = new DisposableStore();
  const powerFailure = (kind: 'failed' | 'cancelled', stateNow: PowerState, more: FailureDetails = {}): Failure =>
    new Failure(kind, {
      ...more,
      vm: vm.name,
      doing: 'waiting for the guest to do what it was asked for',
      stateNow,
      ...(kind === 'cancelled' ? { mayStillHappen: true } : {}),
    });
  let heard: GuestEvent['kind'] | undefined;
  const obeyed = new Promise<void>((resolve, reject) => {
    held.add(
      events.onDidHappen(({ uuid, kind: what }) => {
        if (uuid === vm.uuid && what === awaited) {
          heard = what;
          resolve();
        } else if (uuid === vm.uuid && what === 'stopped') {
          heard = what;
          reject(powerFailure('failed', 'off'));
        }
      }),
    );
    held.add(events.onDidClose(reject));
    const silent = { silentMs: guestPatienceMs };
    const timer = setTimeout(() => reject(powerFailure('failed', vm.power, silent)), guestPatienceMs);
    held.add(toDisposable(() => clearTimeout(timer)));
    const abort = (): void => reject(powerFailure('cancelled', vm.power));
    signal.addEventListener('abort', abort);
    held.add(toDisposable(() => signal.removeEventListener('abort', abort)));
  });
  // The call may fail before anybody waits for the event.
  obeyed.catch(() => undefined);
  try {
    context.onProgress({ cancellable: true });
    await ask().catch(async (error: unknown) => {
      // A guest that goes takes its agent away before that has answered, and whoever switches it off ends the call.
      if (heard === undefined) {
        const { power } = await readPower(context.connection, context.dom);
        if (power === 'off' && awaited === 'rebooted') {
          throw powerFailure('failed', power);
        }
        if (power !== 'off' && power !== 'shuttingDown') {
          throw error;
        }
      }
    });
    // The test driver has no guests: with its answer all is done, and of a reboot it sends no event.
    if (capabilities.driver !== 'test') {
      await obeyed;
    }
  } catch (error) {
    if (heard !== awaited) {
      throw error;
    }
  } finally {
    held.dispose();
  }
}

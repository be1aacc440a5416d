// Changes the state of power of a VM: it starts cold, with the RAM of a managed save or with that of a memory file of a
// snapshot. Where the guest itself has the last word, it waits until it is so.
import { DisposableStore, toDisposable } from '../../base/disposable.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { withDetails } from '../../domain/asFailure.js';
import type { PowerAction } from '../../domain/operation.js';
import { isActive, type PowerState } from '../../domain/vm.js';
import type { GuestEvent } from '../guestEvents.js';
import { readPower } from '../powerState.js';
import { restoreVm, startVm } from './openImages.js';
import type { StepContext } from './stepContext.js';
import { isEndOfCancelled, memoryJobLook, watchWhile } from './jobWatch.js';
import { whileAnswered } from './unanswered.js';
import {
  VIR_DOMAIN_SAVE_IMAGE_XML_SECURE,
  VIR_DOMAIN_SAVE_PAUSED,
  VIR_DOMAIN_SAVE_RUNNING,
} from '../../libvirt/flags.js';
import type { StepOfKind, TargetFile } from '../../steps/step.js';
import { refuse } from '../../domain/refusal.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { writeSavedDomain } from '../xml/retarget.js';

/**
 * | action   | call                                 | ends with                                       |
 * |----------|--------------------------------------|-------------------------------------------------|
 * | start    | create                               | its answer                                      |
 * | forceOff | destroy                              | its answer                                      |
 * | pause    | suspend                              | its answer                                      |
 * | resume   | resume; of a VM asleep: wake-up       | its answer                                      |
 * | save     | managed save; cancellable            | its answer                                      |
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
    case 'save':
      await save(context);
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

/** What is paused comes back paused. Without room for its RAM, libvirt lets it go on. */
async function save(context: StepContext): Promise<void> {
  const { connection, dom, vm } = context;
  const cancelling = new AbortController();
  context.onProgress({ cancellable: true });
  try {
    await watchWhile(
      connection.call('domainManagedSave', { dom, flags: 0 }),
      context,
      memoryJobLook({ ...context, operation: 'save', onCancelling: () => cancelling.abort() }),
    );
  } catch (error) {
    throw cancelling.signal.aborted && isEndOfCancelled(error)
      ? new Failure('cancelled', { vm: vm.name }, { cause: error })
      : error;
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
      // A guest that goes down takes its agent away before that has answered, and a power cut ends the call.
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

type StartContext = Pick<StepContext, 'connection' | 'dom' | 'vm' | 'files'>;

/** With the RAM of a managed save if there is one. Idempotent: a VM that is paused has been started so. */
export async function startPaused(context: StartContext): Promise<void> {
  const { power } = await readPower(context.connection, context.dom);
  if (power !== 'paused') {
    await startVm(context, 'paused');
  }
}

/** Idempotent: where there is none, nothing is sent. */
export async function dropManagedSave({ connection, dom }: StartContext): Promise<void> {
  const { result } = await connection.call('domainHasManagedSaveImage', { dom, flags: 0 });
  if (result !== 0) {
    await connection.call('domainManagedSaveRemove', { dom, flags: 0 });
  }
}

const restoreFlags = {
  running: VIR_DOMAIN_SAVE_RUNNING,
  paused: VIR_DOMAIN_SAVE_PAUSED,
} as const satisfies Record<StepOfKind<'restoreMemory'>['to'], number>;

/**
 * The VM must be off and have these files as its disks already, for it keeps its own configuration for the next start.
 * Idempotent: one that is active on just these files has been restored; it is resumed where it shall run and does not.
 * @throws Failure `refused` when it is active on other files
 */
export async function restoreMemory(context: StartContext, step: StepOfKind<'restoreMemory'>): Promise<void> {
  const { connection, dom, vm } = context;
  const { power } = await readPower(connection, dom);
  if (isActive(power)) {
    if (!(await standsOn(context, step.disks))) {
      const { refusal } = refuse('wrongState', { vm: vm.name, state: power, action: 'revert' });
      throw new Failure('refused', { vm: vm.name, refusal });
    }
    if (power === 'paused' && step.to === 'running') {
      await connection.call('domainResume', { dom });
    }
    return;
  }
  const flags = VIR_DOMAIN_SAVE_IMAGE_XML_SECURE;
  const { xml } = await connection.call('domainSaveImageGetXmlDesc', { file: step.file, flags });
  const dxml = writeSavedDomain(xml, vm, step.disks);
  await restoreVm(context, { from: step.file, dxml, flags: restoreFlags[step.to] });
}

async function standsOn({ connection, dom }: StartContext, disks: readonly TargetFile[]): Promise<boolean> {
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  const own = parseDomainXml(xml).disks;
  return disks.every(({ target, file }) => own.some((disk) => disk.target === target && disk.source === file));
}

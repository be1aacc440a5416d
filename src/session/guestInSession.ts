// What a session asks of the guest of a VM: its address, that something is so, what a command says.
import { Failure } from '../domain/failure.js';
import { refuse } from '../domain/refusal.js';
import { isPausedToBeSaved, type Vm } from '../domain/vm.js';
import { systemClock } from '../base/clock.js';
import { guestPort as portWithin } from '../engine/guestAddress.js';
import type { VmView } from '../live/views.js';
import type { Session } from './session.js';
import type { Wait } from '../domain/wait.js';
import { requireVmByName } from '../engine/findTargets.js';
import { type WaitResult, waitFor } from '../engine/waitFor.js';
import { withDetails } from '../domain/asFailure.js';
import type { GuestCommand, GuestRun } from '../domain/guestCommand.js';

/** A VM that is paused while it is saved counts as on. @throws Failure `refused` */
export function requireGuestOn({ name, power, powerReason }: Pick<Vm, 'name' | 'power' | 'powerReason'>): void {
  const isOff = power === 'off' || power === 'crashed';
  if (isOff || (power === 'paused' && !isPausedToBeSaved({ power, powerReason }))) {
    const { refusal } = refuse('notRunning', { vm: name, state: power, wanted: 'guest' });
    throw new Failure('refused', { vm: name, refusal });
  }
}

/** @param view as it was read just now. @throws Failure `refused` where its guest is not on */
export async function guestPort(
  { engine }: Session,
  view: VmView,
  port: number,
  atMostMs: number,
  signal: AbortSignal,
  seen?: 'byHost',
): ReturnType<typeof portWithin> {
  requireGuestOn(view.vm);
  const addressesOf = (): ReturnType<typeof engine.guests.addressesOf> => engine.guests.addressesOf(view.ref, seen);
  return portWithin(port, atMostMs, { engine, view, clock: systemClock, signal, addressesOf });
}

/**
 * For the agent of a VM that is off it does not wait: nobody starts it meanwhile, as far as one can know.
 *
 * @throws Failure `refused`; whatever reading the VM throws
 */
export async function waitInSession({ engine }: Session, wait: Wait, signal: AbortSignal): Promise<WaitResult> {
  const readVm = async (vm: string, connection?: string): Promise<Vm> => {
    const { ref } = await requireVmByName(engine, vm, connection);
    await engine.refresh({ vm: ref });
    return (await requireVmByName(engine, ref.uuid, ref.connection)).vm;
  };
  if (wait.what === 'agent') {
    requireGuestOn(await readVm(wait.vm, wait.connection));
  }
  return waitFor(wait, { clock: systemClock, signal, readVm });
}

/** @param view as it was read just now. @throws Failure */
export async function runInSession(
  { engine }: Session,
  { ref, vm }: VmView,
  command: GuestCommand,
  signal: AbortSignal,
): Promise<GuestRun> {
  requireGuestOn(vm);
  try {
    return await engine.guests.runIn(ref, command, signal);
  } catch (error) {
    throw error instanceof Failure ? withDetails(error, { vm: vm.name }) : error;
  }
}

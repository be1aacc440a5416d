// A program in the guest of a VM, of a session.
import { withDetails } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { GuestCommand, GuestRun } from '../domain/guestCommand.js';
import type { VmView } from '../live/views.js';
import { requireGuestOn } from './requireGuestOn.js';
import type { Session } from './session.js';

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

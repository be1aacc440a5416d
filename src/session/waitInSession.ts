// A wait of a session: VMs are read afresh at each look.
import { systemClock } from '../base/clock.js';
import type { Vm } from '../domain/vm.js';
import type { Wait } from '../domain/wait.js';
import { requireVmByName } from '../engine/findTargets.js';
import { type WaitResult, waitFor } from '../engine/waitFor.js';
import { requireGuestOn } from './requireGuestOn.js';
import type { Session } from './session.js';

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

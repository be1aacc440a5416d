// A wait of a session: VMs are read afresh at each look.
import { systemClock } from '../base/clock.js';
import type { Wait } from '../domain/wait.js';
import { requireVmByName } from '../engine/findTargets.js';
import { type WaitResult, waitFor } from '../engine/waitFor.js';
import type { Session } from './session.js';

/** @throws whatever reading the VM throws */
export function waitInSession({ engine }: Session, wait: Wait, signal: AbortSignal): Promise<WaitResult> {
  return waitFor(wait, {
    clock: systemClock,
    signal,
    readVm: async (vm, connection) => {
      const { ref } = await requireVmByName(engine, vm, connection);
      await engine.refresh({ vm: ref });
      return (await requireVmByName(engine, ref.uuid, ref.connection)).vm;
    },
  });
}

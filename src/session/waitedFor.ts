// A wait of a session: VMs are read afresh at each look.
import { systemClock } from '../base/clock.js';
import type { Wait } from '../domain/wait.js';
import { namedVm } from '../engine/namedTargets.js';
import { type Waited, waitFor } from '../engine/waiting.js';
import type { Session } from './session.js';

/** @throws whatever reading the VM throws */
export function waitedFor({ inventory }: Session, wait: Wait, signal: AbortSignal): Promise<Waited> {
  return waitFor(wait, {
    clock: systemClock,
    signal,
    readVm: async (vm, connection) => {
      const { ref } = await namedVm(inventory, vm, connection);
      await inventory.refresh({ vm: ref });
      return (await namedVm(inventory, ref.uuid, ref.connection)).vm;
    },
  });
}

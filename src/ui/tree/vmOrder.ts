// In which order the VMs of a connection stand. Pure; knows no row.
import type { PowerState } from '../../domain/vm.js';
import { type VmView, vmKey } from '../../live/views.js';

/** `name`; `state`: what runs first; `recent`: what was worked with last first. */
export type VmOrder = 'name' | 'state' | 'recent';

const rank: Readonly<Record<PowerState, number>> = {
  running: 0,
  paused: 1,
  shuttingDown: 2,
  asleep: 3,
  crashed: 4,
  off: 5,
  unknown: 6,
};

/**
 * What is equal stays as it is handed in: by name.
 *
 * @param usedAt by the VM's key, milliseconds since 1970; 0: never
 */
export function inVmOrder(vms: readonly VmView[], order: VmOrder, usedAt: (key: string) => number): readonly VmView[] {
  switch (order) {
    case 'name':
      return vms;
    case 'state':
      return vms.toSorted((a, b) => rank[a.vm.power] - rank[b.vm.power]);
    case 'recent':
      return vms.toSorted((a, b) => usedAt(vmKey(b.ref)) - usedAt(vmKey(a.ref)));
  }
}

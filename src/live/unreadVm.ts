// What is shown of a VM that is listed but gave no answer yet. It refuses to guess.
import type { VmHead } from '../driver/hypervisor.js';
import type { Vm } from '../domain/vm.js';

export function unreadVm(head: VmHead): Vm {
  return {
    uuid: head.uuid,
    name: head.name,
    power: 'unknown',
    powerReason: 'other',
    persistent: true,
    managedSave: false,
    memoryBytes: 0,
    disks: [],
    firmware: 'bios',
    agentChannel: false,
    agentConnected: false,
  };
}

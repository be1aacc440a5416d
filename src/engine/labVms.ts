// The VMs of labs on their connections, and the list of VMs read anew behind it.
import { createHash } from 'node:crypto';
import type { LiveConnection } from '../live/liveConnection.js';
import type { LabVmsPort } from './enginePort.js';

type WithConnection = <T>(uri: string, question: (live: LiveConnection) => Promise<T>) => Promise<T>;

export function labVms(ask: WithConnection): LabVmsPort {
  return {
    obstacle: (connection) => ask(connection, async (live) => (await live.open()).labVms.obstacle()),
    make: (vm, parts, onMade) =>
      ask(vm.connection, async (live) => {
        const hypervisor = await live.open();
        await hypervisor.labVms.make(vm, parts, onMade);
        const definition = digestOf(await hypervisor.readVmXml(vm.uuid));
        await live.refresh();
        return definition;
      }),
    remove: (vm, made, unused) =>
      ask(vm.connection, async (live) => {
        const left = await (await live.open()).labVms.remove(vm, made, unused);
        await live.refresh();
        return left;
      }),
  };
}

/** A digest of a VM's XML: another value means that somebody changed it. */
export function digestOf(xml: string): string {
  return createHash('sha256').update(xml).digest('hex');
}

// The VMs of labs on their connections, and the list of VMs read anew behind it.
import type { LiveConnection } from '../live/liveConnection.js';
import type { LabVmsPort } from './enginePort.js';

type WithConnection = <T>(uri: string, question: (live: LiveConnection) => Promise<T>) => Promise<T>;

export function labVms(ask: WithConnection): LabVmsPort {
  return {
    obstacle: (connection) => ask(connection, async (live) => (await live.open()).labVms.obstacle()),
    make: (vm, parts, onMade) =>
      ask(vm.connection, async (live) => {
        await (await live.open()).labVms.make(vm, parts, onMade);
        await live.refresh();
      }),
    remove: (vm, made) =>
      ask(vm.connection, async (live) => {
        const left = await (await live.open()).labVms.remove(vm, made);
        await live.refresh();
        return left;
      }),
  };
}

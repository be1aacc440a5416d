// The VMs of all connections in one list. Knows no row.
import { type ConnectionView, type VmView, vmKey } from '../../live/views.js';

/** All VMs that are known, with their keys. */
export function vmsOf(connections: readonly ConnectionView[]): readonly (readonly [key: string, view: VmView])[] {
  return connections.flatMap((connection) => connection.vms.map((vm) => [vmKey(vm.ref), vm] as const));
}

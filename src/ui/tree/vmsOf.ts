// The VMs of all connections in one list. Knows no row.
import { type ConnectionView, type VmView, vmKey } from '../../live/views.js';
import type { EnginePort } from '../../engine/enginePort.js';
import type { Log } from '../../base/log.js';
import type { VmRef } from '../../domain/vm.js';

/** All VMs that are known, with their keys. */
export function vmsOf(connections: readonly ConnectionView[]): readonly (readonly [key: string, view: VmView])[] {
  return connections.flatMap((connection) => connection.vms.map((vm) => [vmKey(vm.ref), vm] as const));
}

/**
 * Reads the snapshots that a filter could find and that were never read, and those of the members of a system. Knows no
 * row.
 */
export async function readAllTrees(engine: EnginePort, log: Log): Promise<void> {
  const unread = vmsOf(engine.connections.filter((connection) => connection.state === 'connected')).filter(
    ([, view]) => view.tree === undefined && view.snapshotCount !== 0,
  );
  const results = await Promise.allSettled(unread.map(([, view]) => engine.readTree(view.ref)));
  const failed = results.filter((result) => result.status === 'rejected').length;
  if (failed > 0) {
    log.warn(`The snapshots of ${failed} VMs could not be read, so the filter does not find them.`);
  }
}

/** Reads the members whose connection is open, and connects to no other. Never rejects. */
export async function readMembers(engine: EnginePort, members: readonly VmRef[], log: Log): Promise<void> {
  await Promise.all(
    members.map(async (ref) => {
      if (engine.findVm(ref) !== undefined) {
        // Its row says what is wrong.
        await engine.readTree(ref).catch((error: unknown) => log.debug(`${ref.uuid} cannot be read: ${String(error)}`));
      }
    }),
  );
}

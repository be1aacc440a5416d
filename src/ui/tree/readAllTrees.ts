// Reads the snapshots that a filter could find and that were never read. Knows no row.
import type { InventoryPort } from '../../engine/inventory.js';
import type { Log } from '../../base/log.js';
import { vmsOf } from './treeContent.js';

export async function readAllTrees(inventory: InventoryPort, log: Log): Promise<void> {
  const unread = vmsOf(inventory.connections.filter((connection) => connection.state === 'connected')).filter(
    ([, view]) => view.tree === undefined && view.snapshotCount !== 0,
  );
  const results = await Promise.allSettled(unread.map(([, view]) => inventory.readTree(view.ref)));
  const failed = results.filter((result) => result.status === 'rejected').length;
  if (failed > 0) {
    log.warn(`The snapshots of ${failed} VMs could not be read, so the filter does not find them.`);
  }
}

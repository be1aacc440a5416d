// An inventory as an editor has it, on the daemon of a bench: with a journal, and connected.
import { join } from 'node:path';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Inventory } from '../../src/engine/liveInventory.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './measure.js';

export async function openInventory(daemon: Daemon): Promise<Inventory> {
  const inventory = new Inventory({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  inventory.setAutoPrune('everything');
  inventory.setConnections([daemon.uri]);
  await inventory.connect(daemon.uri);
  return inventory;
}

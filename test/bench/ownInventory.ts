// An inventory as an editor has it, on the daemon of a bench: with a journal, and connected.
import { join } from 'node:path';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './measure.js';

export async function openInventory(daemon: Daemon): Promise<Engine> {
  const engine = new Engine({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  engine.setAutoPrune('everything');
  engine.setConnections([daemon.uri]);
  await engine.connect(daemon.uri);
  return engine;
}

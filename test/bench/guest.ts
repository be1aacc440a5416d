// Create, revert to and delete a memory snapshot of a real guest, through the inventory and through virsh.
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Inventory } from '../../src/engine/liveInventory.js';
import { silentLog } from '../../src/base/log.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { onPrivateDaemon, report, sideBySide } from './measure.js';

const rounds = 7;

void onPrivateDaemon(async (daemon) => {
  const guest = await defineTestGuest(daemon, { name: 'guest' });
  await guest.start();
  const inventory = new Inventory({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  inventory.setConnections([daemon.uri]);
  const { vms } = await inventory.connect(daemon.uri);
  const vm = vms[0]!.ref;
  inventory.setAttention({ visible: true, connections: new Set([daemon.uri]), vms: new Set() });
  await inventory.readTree(vm);

  const virsh = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await daemon.virsh(args);
    if (code !== 0) {
      throw new Error(stderr);
    }
  };
  const run = (request: OperationRequest): Promise<unknown> => inventory.runOperation(request);
  const times = await sideBySide(rounds, {
    ours: async () => {
      await run({ kind: 'create', vm, snapshotKind: 'memory', title: 'bench' });
      await run({ kind: 'revert', vm, snapshot: 'bench', after: 'asSnapshot' });
      await run({ kind: 'delete', vm, snapshot: 'bench', scope: 'one' });
    },
    virsh: async () => {
      await virsh('snapshot-create-as', 'guest', 'bench');
      await virsh('snapshot-revert', 'guest', 'bench');
      await virsh('snapshot-delete', 'guest', 'bench');
    },
  });
  report({
    name: 'create + revert + delete of a memory snapshot',
    ours: times.ours,
    baseline: times.virsh,
    unit: 'ms',
    goal: 1.05,
    against: 'virsh',
  });
  inventory.dispose();
});

// Create, revert to and delete a memory snapshot of a real guest, through the inventory and through virsh. A revert of
// ours sets the guest's clock: so does virsh, where the work is to be equal.
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { silentLog } from '../silentLog.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import { onPrivateDaemon, remark, report, sideBySide } from './measure.js';

const rounds = 7;

void onPrivateDaemon(async (daemon) => {
  const guest = await defineTestGuest(daemon, { name: 'guest' });
  await guest.start();
  // Without it the agent cannot set the battery's clock, which virsh asks for.
  await guest.run('sh', ['-c', 'ln -sf /bin/busybox /sbin/hwclock']);
  const engine = new Engine({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  engine.setConnections([daemon.uri]);
  const { vms } = await engine.connect(daemon.uri);
  const vm = vms[0]!.ref;
  engine.setAttention({ visible: true, connections: new Set([daemon.uri]), vms: new Set() });
  await engine.readTree(vm);

  const virsh = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await daemon.virsh(args);
    if (code !== 0) {
      throw new Error(stderr);
    }
  };
  const run = (request: OperationRequest): Promise<unknown> => engine.runOperation(request);
  const times = await sideBySide(rounds, {
    ours: async () => {
      await run({ kind: 'create', vm, snapshotKind: 'memory', title: 'bench' });
      await run({ kind: 'revert', vm, snapshot: 'bench', after: 'asSnapshot' });
      await run({ kind: 'delete', vm, snapshot: 'bench', scope: 'one' });
    },
    equal: async () => {
      await virsh('snapshot-create-as', 'guest', 'bench');
      await virsh('snapshot-revert', 'guest', 'bench');
      await virsh('domtime', 'guest', '--sync');
      await virsh('snapshot-delete', 'guest', 'bench');
    },
    clockless: async () => {
      await virsh('snapshot-create-as', 'guest', 'bench');
      await virsh('snapshot-revert', 'guest', 'bench');
      await virsh('snapshot-delete', 'guest', 'bench');
    },
  });
  report({
    name: 'create + revert + delete of a memory snapshot',
    ours: times.ours,
    baseline: times.equal,
    unit: 'ms',
    goal: 1,
    against: 'virsh, which sets the clock too',
  });
  remark(
    `Create + revert + delete: ${times.clockless.toFixed(0)} ms by a virsh that leaves the guest's clock in the past.`,
  );
  engine.dispose();
});

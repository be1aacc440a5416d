// How long a guest with much RAM in use stands still for a live external memory snapshot, beside libvirt's default,
// the internal one, of the same guest. From the daemon's own events; knows nothing of what the stop consists of.
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Inventory } from '../../src/engine/liveInventory.js';
import { silentLog } from '../silentLog.js';
import { median, onPrivateDaemon, remark, report } from './measure.js';

const rounds = 5;
const memoryMiB = 1024;
const touchedMiB = 800;

void onPrivateDaemon(async (daemon) => {
  const guest = await defineTestGuest(daemon, { name: 'guest', memoryMiB });
  await guest.start();
  // Not zeros, which QEMU does not write.
  const fill = `mkdir /filled && mount -t tmpfs -o size=${touchedMiB + 20}m none /filled &&
    yes touched | dd of=/filled/all bs=1M count=${touchedMiB} iflag=fullblock`;
  const filled = await guest.run('sh', ['-c', fill]);
  if (filled.code !== 0) {
    throw new Error(filled.stderr);
  }
  const inventory = new Inventory({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  inventory.setConnections([daemon.uri]);
  const { vms } = await inventory.connect(daemon.uri);
  const vm = vms[0]!.ref;
  const take = async (style: 'internal' | 'external'): Promise<{ paused: number; whole: number }> => {
    const live = style === 'external';
    const { snapshot, guestPausedMs, durationMs } = await inventory.runOperation({
      ...{ kind: 'create', vm, snapshotKind: 'memory', style, live, title: style },
    });
    if (guestPausedMs === undefined) {
      throw new Error('no stop of the guest was seen');
    }
    // A VM keeps to one style, so nothing may be left of this one.
    await inventory.runOperation({ kind: 'delete', vm, snapshot: snapshot!, scope: 'one' });
    return { paused: guestPausedMs, whole: durationMs };
  };
  const seen = { internal: [] as number[], external: [] as number[], whole: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    seen.internal.push((await take('internal')).paused);
    const live = await take('external');
    seen.external.push(live.paused);
    seen.whole.push(live.whole);
  }
  report({
    name: `guest stands still for a live external memory snapshot, ${touchedMiB} of ${memoryMiB} MiB in use`,
    ours: median(seen.external),
    baseline: median(seen.internal),
    unit: 'ms',
    goal: 0.35,
    against: 'an internal one',
  });
  remark(`The live external snapshot took ${Math.round(median(seen.whole))} ms in all.`);
  inventory.dispose();
});

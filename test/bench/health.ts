// What it takes to judge the health of 100 VMs × 20 layers, against the one call that tells of them; and what the watch
// asks of the daemon while nobody looks.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runOk } from '../../scripts/rig/run.mjs';
import { usualThresholds } from '../../src/diagnosis/thresholds.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { NotesFile } from '../../src/journal/notesFile.js';
import { openConnection } from '../../src/libvirt/connect.js';
import {
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING,
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
  VIR_DOMAIN_STATS_BLOCK,
} from '../../src/libvirt/flags.js';
import { silentLog } from '../silentLog.js';
import { HealthWatch } from '../../src/health/healthWatch.js';
import { FakeClock } from '../unit/engine/fakeClock.js';
import { type Daemon, onPrivateDaemon, report, sideBySide } from './measure.js';

const vms = 100;
const layers = 20;
const sweepMinutes = 10;
/** Sweeps while nobody looks. */
const turns = 6;
const settleMs = 2_000;

void onPrivateDaemon(async (daemon) => {
  await defineChains(daemon);
  const connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
  const opened: Hypervisor[] = [];
  const open = libvirtHypervisor(silentLog, daemon.env);
  const engine = new Engine({
    open: async (uri, signal) => {
      const hypervisor = await open(uri, signal);
      opened.push(hypervisor);
      return hypervisor;
    },
    log: silentLog,
  });
  engine.setConnections([daemon.uri]);
  const clock = new FakeClock();
  const notes = new NotesFile(join(daemon.dir, 'notes', 'notes.json'), 2 * 1024 * 1024, silentLog);
  const watch = new HealthWatch({ engine, notes, log: silentLog, clock });
  watch.setSettings({ sweepMinutes, thresholds: usualThresholds, exceptions: [] });
  await watch.sweepNow();
  const known = engine.connections[0]?.vms.flatMap((view) => view.layers?.disks.flatMap((disk) => disk.layers) ?? []);
  if (known?.length !== vms * layers || known.some(({ allocatedBytes }) => allocatedBytes === 'unknown')) {
    throw new Error(`${String(known?.length)} layers are known`);
  }
  if (watch.wrong().length < vms) {
    throw new Error(`${watch.wrong().length} chains are found to be too deep`);
  }
  const flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING + VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
  const { call, sweep, health } = await sideBySide(15, {
    call: () => connection.call('connectGetAllDomainStats', { doms: [], stats: VIR_DOMAIN_STATS_BLOCK, flags }),
    sweep: () => engine.sweep(daemon.uri),
    health: () => watch.sweepNow(),
  });
  const against = { baseline: call, unit: 'ms', goal: 1.3, against: 'the bulk call alone' };
  report({ name: `sizes and chains of ${vms} VMs × ${layers} layers`, ours: sweep, ...against });
  report({ name: `health of ${vms} VMs × ${layers} layers`, ours: health, ...against });
  await measureHidden(clock, () => opened.reduce((sum, { callCount }) => sum + callCount, 0));
  watch.dispose();
  engine.dispose();
  connection.close();
});

/** Nobody looks, and an hour passes for the watch. Its daemon is a real one, which is given time to answer. */
async function measureHidden(clock: FakeClock, calls: () => number): Promise<void> {
  await clock.advance(sweepMinutes * 60_000);
  await wait(settleMs);
  const before = calls();
  for (let lease = 0; lease < turns; lease++) {
    await clock.advance(sweepMinutes * 60_000);
    await wait(settleMs);
  }
  report({
    name: `calls on the daemon in ${sweepMinutes} minutes while the view is hidden`,
    ours: (calls() - before) / turns,
    baseline: 1,
    unit: 'calls',
    goal: 1,
    against: "the sweep's one call",
  });
}

/** VMs that are off: libvirt looks at each file of the chains that their XML names. */
async function defineChains(daemon: Daemon): Promise<void> {
  const folder = join(daemon.dir, 'chains');
  await mkdir(folder);
  const file = (vm: number, layer: number): string => join(folder, `vm${vm}.${layer}`);
  await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', file(0, 0), '1M']);
  const connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
  for (let vm = 0; vm < vms; vm++) {
    for (let layer = 0; layer < layers; layer++) {
      if (vm + layer > 0) {
        await copyFile(file(0, 0), file(vm, layer));
      }
    }
    let backing = '<backingStore/>';
    for (let layer = 0; layer < layers - 1; layer++) {
      backing = `<backingStore type='file'><format type='qcow2'/><source file='${file(vm, layer)}'/>${backing}</backingStore>`;
    }
    const disk = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${file(vm, layers - 1)}'/>
      ${backing}<target dev='vda' bus='virtio'/></disk>`;
    const xml = `<domain type='qemu'><name>chain-${vm}</name><memory unit='MiB'>64</memory>
      <os><type arch='x86_64'>hvm</type></os><devices>${disk}</devices></domain>`;
    await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
  }
  connection.close();
}

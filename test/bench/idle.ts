// What it costs to show 20 VMs × 50 snapshots while nothing happens, and to show nothing.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { vmKey } from '../../src/live/views.js';
import { silentLog } from '../silentLog.js';
import { type Daemon, onPrivateDaemon, remark, report } from './measure.js';
import { makeStock } from './stock.js';

const settleMs = 10_000;
const watchMs = 30_000;

/** The kernel counts in hundredths of a second on every Linux that Node runs on. */
const tickMs = 10;

/** The process outside its namespace: the one whose mounts name the daemon's folder. */
function findDaemon(daemon: Daemon): number {
  const found = readdirSync('/proc').find((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readlinkSync(`/proc/${name}/exe`).endsWith('/libvirtd') &&
        `${readFileSync(`/proc/${name}/mountinfo`, 'utf8')}${readFileSync(`/proc/${name}/environ`, 'utf8')}`.includes(
          daemon.dir,
        )
      );
    } catch (error) {
      // It ended meanwhile, or is another user's.
      if (['ENOENT', 'EACCES', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) {
        return false;
      }
      throw error;
    }
  });
  if (found === undefined) {
    throw new Error('the private libvirtd is not among the processes');
  }
  return Number(found);
}

/** Milliseconds of processor time so far. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

void onPrivateDaemon(async (daemon) => {
  await makeStock(daemon, 20, 50);
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
  const calls = (): number => opened.reduce((sum, { callCount }) => sum + callCount, 0);
  engine.setConnections([daemon.uri]);
  const { vms } = await engine.connect(daemon.uri);
  const all = new Set(vms.map(({ ref }) => vmKey(ref)));
  engine.setAttention({ visible: true, connections: new Set([daemon.uri]), vms: all });
  await Promise.all(vms.map(({ ref }) => engine.readTree(ref)));
  await wait(settleMs);

  const pid = findDaemon(daemon);
  const before = { daemon: processorTime(pid), ours: process.cpuUsage(), calls: calls() };
  await wait(watchMs);
  const ours = process.cpuUsage(before.ours);
  const share = {
    daemon: ((processorTime(pid) - before.daemon) / watchMs) * 100,
    ours: ((ours.user + ours.system) / 1000 / watchMs) * 100,
  };
  const callsShown = calls() - before.calls;
  report({
    name: 'processor time of daemon and extension, 20 VMs × 50 snapshots shown, nothing happens',
    ours: share.daemon + share.ours,
    baseline: 100,
    unit: '% of a core',
    goal: 0.01,
    against: 'one core',
  });
  remark(`Of that the daemon took ${share.daemon.toFixed(2)} %, we ${share.ours.toFixed(2)} %.`);

  engine.setAttention({ visible: false, connections: new Set(), vms: new Set() });
  await wait(1_000);
  const hidden = calls();
  await wait(watchMs);
  report({
    name: 'calls on the daemon while the view is hidden',
    ours: calls() - hidden,
    baseline: callsShown,
    unit: `calls in ${watchMs / 1000} s`,
    goal: 0,
    against: 'the view shown',
  });
  engine.dispose();
});

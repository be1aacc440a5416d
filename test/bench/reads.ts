// How long all snapshots take to be read, against one virsh that is fed all commands, and against the bare loop.
import { spawn } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { vmKey } from '../../src/live/views.js';
import { silentLog } from '../silentLog.js';
import { BareLoop } from './bareLoop.js';
import { type Daemon, median, onPrivateDaemon, remark, report, sideBySide } from './measure.js';
import { makeStock, snapshotName, vmName } from './stock.js';

const rounds = 9;

/** virsh may throw its output away, and needs not ask which snapshots there are. */
function virshBatch(daemon: Daemon, vms: number, snapshots: number): Promise<void> {
  const commands = Array.from({ length: vms }, (_, vm) =>
    Array.from({ length: snapshots }, (_unused, i) => `snapshot-dumpxml ${vmName(vm)} ${snapshotName(i)}\n`).join(''),
  ).join('');
  return new Promise((resolve, reject) => {
    const virsh = spawn('virsh', ['-q', '-c', daemon.uri], { env: daemon.env, stdio: ['pipe', 'ignore', 'inherit'] });
    virsh.on('error', reject);
    virsh.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`virsh ended with ${code}`))));
    virsh.stdin.end(commands);
  });
}

/** Parents, times, kinds, current, disks: the whole tree of every VM. */
async function readAll(hypervisor: Hypervisor): Promise<number> {
  const trees = (await hypervisor.listVms()).map(({ uuid }) => hypervisor.readTree(uuid));
  return (await Promise.all(trees)).reduce((sum, { snapshots }) => sum + snapshots.length, 0);
}

async function expectCount(read: Promise<number>, expected: number): Promise<void> {
  const count = await read;
  if (count !== expected) {
    throw new Error(`${count} snapshots were read, ${expected} are there`);
  }
}

/** Milliseconds for which the event loop stood still at the longest, while everything was read into the inventory. */
async function longestBlock(daemon: Daemon, rounds: number): Promise<number> {
  const open = libvirtHypervisor(silentLog, daemon.env);
  const blocks: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const engine = new Engine({ open, log: silentLog });
    engine.setConnections([daemon.uri]);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const { vms } = await engine.connect(daemon.uri);
    const all = new Set(vms.map(({ ref }) => vmKey(ref)));
    engine.setAttention({ visible: true, connections: new Set([daemon.uri]), vms: all });
    await Promise.all(vms.map(({ ref }) => engine.readTree(ref)));
    delay.disable();
    blocks.push(delay.max / 1e6);
    engine.dispose();
  }
  return median(blocks);
}

function measure(vms: number, snapshots: number): Promise<number> {
  return onPrivateDaemon(async (daemon) => {
    await makeStock(daemon, vms, snapshots);
    const total = vms * snapshots;
    const what = `read ${vms} VM${vms === 1 ? '' : 's'} × ${snapshots} snapshots`;
    const open = libvirtHypervisor(silentLog, daemon.env);
    const kept = await open(daemon.uri, new AbortController().signal);
    const bare = await BareLoop.open(daemon.socket, daemon.uri.replace('+unix', '').replace(/\?.*/, ''));
    const times = await sideBySide(rounds, {
      virsh: () => virshBatch(daemon, vms, snapshots),
      fresh: async () => {
        const hypervisor = await open(daemon.uri, new AbortController().signal);
        await expectCount(readAll(hypervisor), total);
        hypervisor.close();
      },
      bare: () => expectCount(bare.readAll(), total),
      ours: () => expectCount(readAll(kept), total),
    });
    bare.close();
    kept.close();
    const unit = 'ms';
    report({ name: what, ours: times.fresh, baseline: times.virsh, unit, goal: 0.3, against: 'one virsh, in batch' });
    report({
      name: `${what}, open connection`,
      ours: times.ours,
      baseline: times.bare,
      unit,
      goal: 1.4,
      against: 'bare loop',
    });
    return longestBlock(daemon, rounds);
  });
}

/** As many as a large host has; virsh would take minutes. */
function measureMany(vms: number, snapshots: number): Promise<number> {
  const fewRounds = 3;
  return onPrivateDaemon(async (daemon) => {
    await makeStock(daemon, vms, snapshots);
    const kept = await libvirtHypervisor(silentLog, daemon.env)(daemon.uri, new AbortController().signal);
    const bare = await BareLoop.open(daemon.socket, daemon.uri.replace('+unix', '').replace(/\?.*/, ''));
    const times = await sideBySide(fewRounds, {
      bare: () => expectCount(bare.readAll(), vms * snapshots),
      ours: () => expectCount(readAll(kept), vms * snapshots),
    });
    bare.close();
    kept.close();
    report({
      name: `read ${vms} VMs × ${snapshots} snapshots, open connection`,
      ours: times.ours,
      baseline: times.bare,
      unit: 'ms',
      goal: 1.3,
      against: 'bare loop',
    });
    return longestBlock(daemon, 1);
  });
}

async function bench(): Promise<void> {
  const blocks = [await measure(100, 20), await measure(1, 1000), await measureMany(1_000, 20)];
  report({
    name: 'longest block of the event loop during the reads',
    ours: Math.max(...blocks),
    baseline: 50,
    unit: 'ms',
    goal: 1,
    against: 'the limit',
  });
  remark(
    'Against virsh our time holds the opening of the connection, as its time does; against the bare loop neither.',
  );
}

void bench();

// VMs on another host, by the real ssh over a line of 50 ms there and back: all snapshots read, against virsh; the
// round trips to the first rows; a second connection, against the first.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { run } from '../../scripts/rig/run.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { makeSshHost, type SshHost } from '../libvirtd/sshRig.js';
import { silentLog } from '../silentLog.js';
import { type Daemon, median, onPrivateDaemon, remark, report, timed } from './measure.js';
import { makeStock, snapshotName, vmName } from './stock.js';

const [vms, snapshots] = [100, 20];
const roundTripMs = 50;
/** For counting: what the processors do in between is little beside it. */
const longTripMs = 400;
const rounds = 3;

void onPrivateDaemon(async (daemon) => {
  await makeStock(daemon, vms, snapshots);
  const far = await makeSshHost(daemon);
  const environment = { ...daemon.env, PATH: process.env['PATH'], XDG_RUNTIME_DIR: daemon.dir };
  const open = libvirtHypervisor(silentLog, environment);
  const connect = (): Promise<Hypervisor> => open(far.uri(), new AbortController().signal);

  await lineOf(far, roundTripMs);
  const [first, second, whole] = [[], [], []] as number[][];
  for (let round = 0; round < rounds; round++) {
    await far.logOut();
    const opened: Hypervisor[] = [];
    const firstMs = await timed(async () => opened.push(await connect()));
    first!.push(firstMs);
    second!.push(await timed(async () => opened.push(await connect())));
    whole!.push(firstMs + (await timed(() => readAll(opened[0]!))));
    opened.forEach((one) => one.close());
  }
  report({
    name: `read ${vms} VMs × ${snapshots} over ssh, ${roundTripMs} ms there and back`,
    ours: median(whole!),
    baseline: (await timed(() => virshBatch(far, daemon, vms / 10))) * 10,
    unit: 'ms',
    goal: 0.2,
    against: 'virsh in batch, a tenth of them × 10',
  });
  report({
    name: 'a second connection to the host',
    ours: median(second!),
    baseline: median(first!),
    unit: 'ms',
    goal: 0.2,
    against: 'the first, with its login',
  });

  await far.logOut();
  const near = await untilRows(far, open, environment, 0);
  await far.logOut();
  const long = await untilRows(far, open, environment, longTripMs);
  report({
    name: `round trips from the login to the first rows of ${vms} VMs`,
    ours: (long - near) / longTripMs,
    baseline: 3,
    unit: 'round trips',
    goal: 1,
    against: 'the limit',
  });
  remark('Round trips: how much later the rows come over a line that is so much longer, less a program run over ssh.');
  await far.logOut();
});

/** Each login goes over a line of this length. */
function lineOf(far: SshHost, tripMs: number): Promise<void> {
  const delayed = join(process.env['VIRT_REWIND_ROOT']!, 'scripts/rig/delayed.mjs');
  const server = `unshare --mount --propagation private ${far.at('server')}`;
  return far.configure(`ProxyCommand ${process.execPath} ${delayed} ${tripMs / 2} ${server}`);
}

/** From the login that connections share to the rows, less what any program takes that is run over it. */
async function untilRows(
  far: SshHost,
  open: ReturnType<typeof libvirtHypervisor>,
  environment: NodeJS.ProcessEnv,
  tripMs: number,
): Promise<number> {
  await lineOf(far, tripMs);
  const shared = await open(far.uri(), new AbortController().signal);
  const control = `ControlPath=${join(environment['XDG_RUNTIME_DIR']!, 'virt-rewind', '%C')}`;
  const program = await timed(() => run(far.at('client'), ['-o', control, 'far-host', 'true']));
  const engine = new Engine({ open, log: silentLog });
  engine.setConnections([far.uri()]);
  const rows = await timed(
    () =>
      new Promise<void>((resolve) => {
        engine.onDidChange(() => {
          if (engine.connections.some((one) => one.vms.length >= vms)) {
            resolve();
          }
        });
        engine.setAttention({ visible: true, connections: new Set([far.uri()]), vms: new Set() });
      }),
  );
  engine.dispose();
  shared.close();
  return rows - program;
}

async function readAll(hypervisor: Hypervisor): Promise<void> {
  const heads = await hypervisor.listVms();
  const trees = await Promise.all(heads.map(({ uuid }) => hypervisor.readTree(uuid)));
  const count = trees.reduce((sum, tree) => sum + tree.snapshots.length, 0);
  if (count !== vms * snapshots) {
    throw new Error(`${count} snapshots were read`);
  }
}

function virshBatch(far: SshHost, daemon: Daemon, ofVms: number): Promise<void> {
  const commands = Array.from({ length: ofVms }, (_, vm) =>
    Array.from({ length: snapshots }, (_unused, i) => `snapshot-dumpxml ${vmName(vm)} ${snapshotName(i)}\n`).join(''),
  ).join('');
  return new Promise((resolve, reject) => {
    const env = { ...daemon.env, PATH: process.env['PATH'] };
    const virsh = spawn('virsh', ['-q', '-c', far.uri()], { env, stdio: ['pipe', 'ignore', 'inherit'] });
    virsh.on('error', reject);
    virsh.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`virsh ended with ${code}`))));
    virsh.stdin.end(commands);
  });
}

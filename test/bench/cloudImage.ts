// From a Debian cloud image to a login by ssh: `virt-rewind new`, against virsh that starts the same disk with the same
// seed and asks again and again. Both wait until cloud-init has ended. Only root can make the image.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildPacked } from '../../scripts/build.mjs';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { debianCloudImage } from '../../scripts/guest/cloudImage.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { startNetwork } from '../libvirtd/networkRig.js';
import { median, onPrivateDaemon, remark, report, timed } from './measure.js';

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 2);
const hardware = ['--memory', '768M', '--disk', '4G', '--cpus', '2', '--user', 'ann'];
const pauseMs = 500;

void onPrivateDaemon(async (daemon) => {
  if (process.getuid?.() !== 0) {
    throw new Error('only root can make a Debian by debootstrap');
  }
  const at = (...names: readonly string[]): string => join(daemon.dir, ...names);
  const image = await debianCloudImage();
  await buildPacked(at('dist'));
  await Promise.all(['state', 'home', 'labs'].map((name) => mkdir(at(name), { mode: 0o700 })));
  const env = {
    ...daemon.env,
    ...{ HOME: at('home'), VIRT_REWIND_STATE: at('state'), VIRT_REWIND_LABS: at('labs') },
    ...{ LIBVIRT_DEFAULT_URI: daemon.uri, LC_ALL: 'C' },
  };
  const [enter = '', ...words] = await startNetwork(daemon);
  const ours = (...more: readonly string[]): Promise<string> =>
    runOk(enter, [...words, process.execPath, at('dist/commandLine.js'), ...more], { env });
  const [whole, first, again]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const options = ['--network', 'default', ...hardware];
    whole.push(
      await timed(async () => {
        await ours('new', 'web', '--from', image, ...options);
        await ours('ssh', 'web', '--', 'true');
      }),
    );
    await virshOk(daemon.virsh, 'destroy', 'web');
    const [, disk = ''] = /<source file='([^']+)'/u.exec(await virshOk(daemon.virsh, 'dumpxml', 'web')) ?? [];
    again.push(
      await timed(async () => {
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image, '-F', 'qcow2', disk, '4G']);
        await virshOk(daemon.virsh, 'start', 'web');
        const began = performance.now();
        while (!(await ssh('true'))) {
          await wait(pauseMs);
        }
        first.push(performance.now() - began);
        await ssh('cloud-init', 'status', '--wait');
      }),
    );
    await virshOk(daemon.virsh, 'destroy', 'web');
    await ours('new', 'web', '--remove', '--yes');
  }
  const kind = (await virshOk(daemon.virsh, 'capabilities')).includes("<domain type='kvm'>") ? 'KVM' : 'TCG';
  report({
    name: 'Debian 12 cloud image to a login by ssh, cloud-init done',
    ours: median(whole),
    baseline: median(again),
    unit: 'ms',
    goal: 1.1,
    against: 'virsh start of the same disk and seed',
  });
  remark(`By ${kind}, a guest of 768 MiB and two processors; ssh itself answers after ${median(first).toFixed(0)} ms.`);

  /** With the key that `virt-rewind new` made, where libvirt's DHCP server has the guest. */
  async function ssh(...command: readonly string[]): Promise<boolean> {
    const { stdout } = await daemon.virsh(['domifaddr', 'web', '--source', 'lease']);
    const [, address] = /(\d+(?:\.\d+){3})\//u.exec(stdout) ?? [];
    const options = ['BatchMode=yes', 'ConnectTimeout=60', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'];
    const how = ['-i', at('state/ssh/id_ed25519'), ...options.flatMap((option) => ['-o', option])];
    return (
      address !== undefined &&
      (await run(enter, [...words, 'ssh', ...how, `ann@${address}`, ...command], { env })).code === 0
    );
  }
});

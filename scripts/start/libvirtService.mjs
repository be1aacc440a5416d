// Finds the libvirt daemon that the demo VMs live on, or starts the machine's own where no service manager does.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { virshOf } from '../guest/defineVm.mjs';
import { holdProcess } from '../rig/heldProcess.mjs';
import { kvmUsable } from '../rig/kvm.mjs';
import { root } from '../rig/root.mjs';
import { findProgram, run } from '../rig/run.mjs';
import { say, StartStopped } from './say.mjs';

/** Time for VMs that are not ours to shut down before a daemon that we started ends, and they with it. */
const farewellMs = 30_000;

/** root's VMs are the system's; everybody else has a libvirt of his own. */
export const isSystem = process.getuid?.() === 0;
export const demoUri = isSystem ? 'qemu:///system' : 'qemu:///session';

/**
 * Makes sure that a daemon answers on `demoUri`.
 * @returns {Promise<{ stop: (ours: readonly string[]) => Promise<void> }>} `stop` ends a daemon that was started here
 *   and leaves any other alone; `ours`: names of VMs that may end without ceremony
 * @throws {StartStopped} when none answers and none can be started
 */
export async function ensureDaemon() {
  const virsh = virshOf(demoUri);
  const first = await virsh(['uri']);
  if (first.code === 0) return { stop: async () => undefined };
  if (!isSystem) {
    throw new StartStopped(`libvirt's session daemon does not start:\n${first.stderr.trim()}`);
  }
  const bySystemd = await stat('/run/systemd/system').then(
    () => true,
    () => false,
  );
  if (bySystemd) {
    for (const unit of ['libvirtd.service', 'virtqemud.socket']) {
      say(`starting ${unit} (systemctl start)`);
      await run('systemctl', ['start', unit]);
      if ((await virsh(['uri'])).code === 0) return { stop: async () => undefined };
    }
    throw new StartStopped(`libvirt does not answer: see "systemctl status libvirtd".\n${first.stderr.trim()}`);
  }
  return startOwn(virsh);
}

/**
 * The machine's own libvirtd, with its usual folders and sockets, started by hand and ended with us. It runs in a PID
 * namespace, so that nothing it started can stay behind and the processes of ended VMs are reaped at once.
 * @param {import('../guest/defineVm.mjs').Virsh} virsh
 */
async function startOwn(virsh) {
  const libvirtd = await findProgram('libvirtd');
  if (libvirtd === undefined) {
    throw new StartStopped(
      'libvirt is installed without libvirtd, and no service manager runs that could start virtqemud.',
    );
  }
  say('no service manager runs here: starting libvirtd and virtlogd until Ctrl+C');
  const dir = await mkdtemp(join(tmpdir(), 'vr-start-'));
  const init = holdProcess([
    'unshare',
    ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
    'bash',
    ...[join(root, 'scripts/rig/daemonInit.sh'), 'machine', dir, 'remove'],
    (await kvmForOthers()) ? 'show-kvm' : 'hide-kvm',
    libvirtd,
  ]);
  const end = async () => {
    await init.end();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await init.ask();
    await init.ask('start');
    while ((await virsh(['uri'])).code !== 0) {
      if ((await init.ask('alive')) === 'dead') throw new Error('libvirtd ended at once');
      await wait(50);
    }
  } catch (error) {
    const log = await readFile(join(dir, 'libvirtd.log'), 'utf8').catch(() => '');
    await end();
    throw new StartStopped(`libvirtd could not be started: ${String(error)}\n${log.split('\n').slice(-10).join('\n')}`);
  }
  return {
    stop: async (/** @type {readonly string[]} */ ours) => {
      await shutDownOthers(virsh, ours);
      await end();
    },
  };
}

/** @param {import('../guest/defineVm.mjs').Virsh} virsh @param {readonly string[]} ours */
async function shutDownOthers(virsh, ours) {
  const others = async () =>
    (await virsh(['list', '--name'])).stdout.split('\n').filter((name) => name !== '' && !ours.includes(name));
  const running = await others();
  if (running.length === 0) return;
  say(`shutting down ${running.join(', ')}, for libvirtd was started here and ends now (Ctrl+C: at once)`);
  for (const name of running) await virsh(['shutdown', name]);
  const until = Date.now() + farewellMs;
  while (Date.now() < until && (await others()).length > 0) await wait(200);
}

/**
 * Whether KVM works and QEMU's user, who is not root, may open its file. A file that is there and forbidden costs four
 * seconds at each start of a VM, so it is then hidden.
 */
async function kvmForOthers() {
  if (!kvmUsable()) return false;
  return ((await stat('/dev/kvm')).mode & 0o066) !== 0;
}

// Starts a whole Debian host in a VM: its disk is an overlay of hostImage.mjs, gone when the host ends. Its only
// networks are a port of this machine's loopback for ssh, and a cable to a second host.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { cableEnds } from './hostImage.mjs';
import { kvmUsable } from './kvm.mjs';
import { findProgram, run, runOk } from './run.mjs';

/**
 * @typedef {object} RealHost
 * @property {(command: string) => Promise<number | 'reset'>} run as root, its output ours; resolves to its exit status,
 *   or when the host, which was reset meanwhile, is up again
 * @property {() => Promise<void>} end as if the plug were pulled; whatever happened, and at any time
 */

/** For the emulators of four VMs at a time. */
const memoryMiB = 4096;
const isEmulated = !kvmUsable();
/**
 * The kernel patches code that runs, with a breakpoint meanwhile. Of two emulated processors, one may still meet the
 * breakpoint when the other has removed it: "Oops: int3", on a busy machine after some minutes.
 */
const processors = isEmulated ? 1 : 2;
const words = [
  'root=/dev/vda rw console=ttyS0 apparmor=1 security=apparmor net.ifnames=0 mitigations=off quiet',
  // On a busy machine a service may take longer than its usual 90 s.
  'systemd.default_timeout_start_sec=900',
  // Emulated twice, KVM is no KVM.
  ...(isEmulated ? ['module_blacklist=kvm,kvm_amd,kvm_intel'] : []),
].join(' ');
/** The exit code of ssh for a lost connection. */
const lostConnection = 255;
/** The lines of the console that are shown where a host does not start, or is lost. */
const lastLines = 20;

/**
 * @typedef {object} Cable
 * @property {string} folder in which its two sockets lie
 * @property {import('./hostImage.mjs').CableEnd} end
 */

/**
 * @param {import('./hostImage.mjs').HostImage} image
 * @param {string} folder what the host finds below /opt, read-only
 * @param {AbortSignal} signal ends it, also while it starts
 * @param {Cable} [cable]
 * @returns {Promise<RealHost>} when ssh lets in
 */
export async function startRealHost(image, folder, signal, cable) {
  const dir = await mkdtemp(join(tmpdir(), 'vr-host-'));
  const at = (/** @type {string} */ name) => join(dir, name);
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let qemu;
  const end = async () => {
    if (qemu !== undefined && qemu.exitCode === null && qemu.signalCode === null) {
      const ended = once(qemu, 'exit');
      qemu.kill('SIGKILL');
      await ended;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const overlay = ['create', '-q', '-f', 'qcow2', '-b', image.disk, '-F', 'raw', at('disk.qcow2')];
    await runOk('qemu-img', overlay);
    const mke2fs = (await findProgram('mke2fs')) ?? 'mke2fs';
    await runOk(mke2fs, ['-q', '-t', 'ext4', '-E', 'root_owner=0:0', '-d', folder, at('opt.raw'), '256M']);
    // Ends with us, however we end.
    const [program = '', ...args] = ['setpriv', '--pdeathsig', 'KILL', '--', ...commandLine(image, dir, cable)];
    const started = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    qemu = started;
    await once(started, 'spawn');
    const gone = new AbortController();
    started.once('exit', () => gone.abort());
    const either = AbortSignal.any([signal, gone.signal]);
    const events = new EventEmitter();
    const port = await portOf(started, events, either);
    const ssh = sshTo(port, image.key);
    const letIn = async () => {
      while (
        (await run('ssh', [...ssh, 'mountpoint -q /opt || mount -o ro /dev/vdb /opt'], { signal: either })).code !== 0
      ) {
        signal.throwIfAborted();
        if (gone.signal.aborted) throw new Error(`the host has ended:\n${await consoleOf(at('console'))}`);
        await wait(1000);
      }
    };
    await letIn();
    return {
      run: async (command) => {
        const reset = new AbortController();
        events.once('RESET', () => reset.abort());
        const code = await runOver(ssh, command, AbortSignal.any([either, reset.signal])).catch((error) => {
          if (!reset.signal.aborted) throw error;
        });
        if (reset.signal.aborted) {
          await letIn();
          return 'reset';
        }
        if (code === undefined || code === lostConnection)
          throw new Error(`the host is lost:\n${await consoleOf(at('console'))}`);
        return code;
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** @param {import('./hostImage.mjs').HostImage} image @param {string} dir @param {Cable} [cable] */
function commandLine({ kernel, initrd }, dir, cable) {
  const drive = (/** @type {string} */ file, /** @type {string} */ more) =>
    `file=${join(dir, file)},if=virtio,cache=unsafe,${more}`;
  return [
    ...['qemu-system-x86_64', '-machine', `q35,accel=${isEmulated ? 'tcg' : 'kvm'}`, '-cpu', 'max'],
    ...['-smp', String(processors)],
    ...['-m', String(memoryMiB), '-display', 'none', '-kernel', kernel, '-initrd', initrd],
    ...['-append', `${words} systemd.hostname=${cableEnds[cable?.end ?? 'first'].name}`],
    ...['-drive', drive('disk.qcow2', 'format=qcow2'), '-drive', drive('opt.raw', 'format=raw,readonly=on')],
    // A free port, which QEMU chooses; nothing leads from the host to other machines.
    ...['-nic', 'user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:0-:22', '-qmp', 'stdio'],
    ...(cable === undefined ? [] : plugged(cable)),
    ...['-object', 'rng-random,id=random,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=random'],
    ...['-serial', `file:${join(dir, 'console')}`],
  ];
}

/** @param {Cable} cable */
function plugged({ folder, end }) {
  const ends = { local: end, remote: end === 'first' ? 'second' : 'first' };
  const sockets = Object.entries(ends).map(([which, name]) => `${which}.type=unix,${which}.path=${join(folder, name)}`);
  return [
    ...['-netdev', ['dgram,id=cable', ...sockets].join(',')],
    ...['-device', `virtio-net-pci,netdev=cable,mac=${cableEnds[end].mac}`],
  ];
}

/**
 * @param {import('node:child_process').ChildProcess} qemu
 * @param {EventEmitter} events gets those of QEMU
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
async function portOf({ stdin, stdout }, events, signal) {
  if (stdin === null || stdout === null) throw new Error('QEMU has no monitor');
  const network = { execute: 'human-monitor-command', arguments: { 'command-line': 'info usernet' } };
  for (const order of [{ execute: 'qmp_capabilities' }, network]) stdin.write(`${JSON.stringify(order)}\n`);
  createInterface({ input: stdout }).on('line', (line) => {
    const port = /HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/u.exec(line)?.[1];
    const event = /"event": "(\w+)"/u.exec(line)?.[1];
    if (port !== undefined) events.emit('port', port);
    if (event !== undefined) events.emit(event);
  });
  const [port] = await once(events, 'port', { signal });
  return port;
}

/** @param {string} port @param {string} key */
const sshTo = (port, key) => [
  ...['-F', '/dev/null', '-i', key, '-p', port, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
  ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
  ...['-o', 'ConnectTimeout=30', '-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=20', 'root@127.0.0.1'],
];

/**
 * Its output is ours; what it says with `!` before it is told again by whoever asked for the failures.
 * @param {readonly string[]} ssh @param {string} command @param {AbortSignal} signal @returns {Promise<number>}
 */
function runOver(ssh, command, signal) {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', [...ssh, command], { stdio: ['ignore', 'pipe', 'inherit'], signal });
    const failures = process.env['TEST_FAILURES'];
    createInterface({ input: child.stdout }).on('line', (line) => {
      console.log(line);
      if (failures && line.startsWith('! ')) appendFileSync(failures, `${line}\n`);
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** @param {string} file */
async function consoleOf(file) {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').slice(-lastLines).join('\n');
}

// VMs for tests, on a private daemon: as many kinds of disks as tests need, all in the daemon's folder.
import { appendFile, copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { kvmUsable } from '../rig/kvm.mjs';
import { startPrivateDaemon } from '../rig/privateDaemon.mjs';
import { runOk } from '../rig/run.mjs';
import { buildGuest } from './buildGuest.mjs';
import { defineVm, virshOk } from './defineVm.mjs';
import { counters, runInGuest, waitForAgent } from './inGuest.mjs';
import { keptRam, startFrom } from './keptRam.mjs';

/**
 * @typedef {'qcow2' | 'raw' | 'cdrom' | 'emptyQcow2'} TestDisk the guest's file system in two formats; a CD-ROM;
 *   nothing
 */

/**
 * @typedef {object} TestGuest
 * @property {string} name
 * @property {string[]} disks absolute paths, in the order asked for
 * @property {string} consoleLog
 * @property {() => Promise<void>} start cold; resolves when the agent answers, or at once when there is none
 * @property {() => Promise<void>} waitForAgent
 * @property {(program: string, args?: readonly string[]) => Promise<{ stdout: string, stderr: string, code: number }>}
 *   run through the agent
 * @property {() => Promise<import('./inGuest.mjs').Counters>} counters
 * @property {(value: number) => Promise<import('./inGuest.mjs').Counters>} setCounters memory and disk alike
 * @property {() => Promise<string>} state as `virsh domstate` says it
 * @property {() => Promise<void>} remove the VM, whatever it does, and its snapshots' metadata; the files stay
 */

/**
 * When a guest whose agent does not answer is looked at; a cold boot takes some 3 s, and 30 on a machine that is very
 * busy.
 */
const lateMs = 60_000;

/**
 * Defines a VM that is off. Its counters stand still unless `tick` says otherwise, so that tests can compare them.
 * @param {Pick<import('../rig/privateDaemon.mjs').PrivateDaemon, 'virsh' | 'dir'>} daemon
 * @param {{ name: string, disks?: readonly TestDisk[], agent?: boolean, memoryMiB?: number, tick?: number,
 *   kvm?: boolean, folder?: string }} options one qcow2 disk, agent and 96 MiB unless given; `folder`: for the disks
 * @returns {Promise<TestGuest>}
 */
export async function defineTestGuest(daemon, options) {
  const { virsh } = daemon;
  const { name, disks: kinds = ['qcow2'], agent = true, folder = daemon.dir } = options;
  const guest = await buildGuest();
  const disks = await Promise.all(
    kinds.map((kind, index) => makeDisk(kind, join(folder, `${name}-${index}`), guest.base)),
  );
  const consoleLog = join(folder, `${name}.console.log`);
  const files = disks.map((disk) => disk.file);
  await defineVm(virsh, {
    name,
    guest,
    disks,
    consoleLog,
    agent,
    tick: options.tick ?? 0,
    ...(options.memoryMiB === undefined ? {} : { memoryMiB: options.memoryMiB }),
    ...(options.kvm === undefined ? {} : { kvm: options.kvm }),
  });
  // A VM that has been started, changed or written to boots by itself.
  let untouched = emulates(options) ? await statesOf(files) : undefined;
  const untilItAnswers = async () => {
    // A test's own time may be over before the agent's is: why it did not come would never be known.
    const late = setTimeout(() => void tellWhatIsSeen(virsh, name, consoleLog), lateMs);
    try {
      await waitForAgent(virsh, name);
    } finally {
      clearTimeout(late);
    }
  };
  const boot = async () => {
    await virshOk(virsh, 'start', name);
    if (agent) await untilItAnswers();
  };
  const goOn = async () => {
    if (untouched === undefined || untouched !== (await statesOf(files))) return false;
    const kept = await keptRam(shapeOf(options), (use) => lendBooted(options, use));
    return kept !== undefined && startFrom(kept, { virsh, name, dir: daemon.dir, disks: files, consoleLog });
  };
  return {
    name,
    disks: files,
    consoleLog,
    start: async () => {
      const went = await goOn();
      untouched = undefined;
      if (!went) return boot();
      if (!agent) return;
      await untilItAnswers();
      // Its clock stood still since then.
      await virshOk(virsh, 'domtime', name, '--now');
    },
    waitForAgent: untilItAnswers,
    run: (program, args) => runInGuest(virsh, name, program, args),
    counters: () => counters(virsh, name),
    setCounters: (value) => counters(virsh, name, value),
    state: () => virshOk(virsh, 'domstate', name),
    remove: async () => {
      // Off already is as good; what really is wrong the next command tells.
      await virsh(['destroy', name]);
      await virshOk(virsh, 'undefine', name, '--managed-save', '--snapshots-metadata');
    },
  };
}

/** @typedef {Omit<Parameters<typeof defineTestGuest>[1], 'name' | 'folder'>} Shape */

/**
 * Where the processor itself runs a guest, it boots in no time; and one that counts would go on from another number.
 * @param {Shape} shape
 */
function emulates({ kvm, tick = 0 }) {
  return (kvm === false || !kvmUsable()) && tick === 0;
}

/** @param {Shape} shape */
function shapeOf({ disks = ['qcow2'], agent = true, memoryMiB = 96 }) {
  const release = process.env['VIRT_REWIND_TEST_RELEASE'];
  const libvirt = release === undefined ? 'own' : basename(release);
  return [libvirt, memoryMiB, agent ? 'agent' : 'mute', ...disks].join('-');
}

/**
 * A guest of this shape that has just booted, on a daemon of its own, where nobody watches VMs come and go.
 * @param {Shape} shape
 * @param {(booted: import('./keptRam.mjs').Booted) => Promise<void>} use
 */
async function lendBooted(shape, use) {
  const daemon = await startPrivateDaemon();
  try {
    const { name, disks, consoleLog, start } = await defineTestGuest(daemon, { ...shape, name: 'kept', kvm: false });
    await start();
    // Without an agent, the last line of its console says that it is there.
    while (!(await readFile(consoleLog, 'utf8')).includes('type: set NUMBER')) await wait(50);
    await use({ virsh: daemon.virsh, name, dir: daemon.dir, disks, consoleLog });
  } finally {
    await daemon.stop();
  }
}

/** What changes when somebody writes to one of the files. @param {readonly string[]} files */
async function statesOf(files) {
  const states = await Promise.all(files.map((file) => stat(file)));
  return states.map(({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`).join('\n');
}

/**
 * @param {TestDisk} kind @param {string} stem @param {string} base @returns {Promise<import('./defineVm.mjs').VmDisk>}
 */
async function makeDisk(kind, stem, base) {
  switch (kind) {
    case 'qcow2':
      await copyFile(base, `${stem}.qcow2`);
      return { file: `${stem}.qcow2`, format: 'qcow2' };
    case 'emptyQcow2':
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', `${stem}.qcow2`, '64M']);
      return { file: `${stem}.qcow2`, format: 'qcow2' };
    case 'raw':
      await runOk('qemu-img', ['convert', '-O', 'raw', base, `${stem}.raw`]);
      return { file: `${stem}.raw`, format: 'raw' };
    case 'cdrom':
      await writeFile(`${stem}.iso`, Buffer.alloc(1024 * 1024));
      return { file: `${stem}.iso`, format: 'raw', device: 'cdrom' };
  }
}

/**
 * What a guest does whose agent does not answer, on standard error. Never rejects.
 * @param {import('./defineVm.mjs').Virsh} virsh
 * @param {string} name
 * @param {string} consoleLog
 */
async function tellWhatIsSeen(virsh, name, consoleLog) {
  const said = async (/** @type {string[]} */ ...words) => {
    const { stdout, stderr } = await virsh(words);
    return `${words[0]}: ${(stdout + stderr).trim()}`;
  };
  const seen = await Promise.all([
    said('domstate', name, '--reason'),
    said('qemu-agent-command', name, '{"execute":"guest-ping"}', '--timeout', '5'),
    said('dumpxml', name, '--xpath', '//channel'),
    said('qemu-monitor-command', name, '{"execute":"query-chardev"}'),
    said('qemu-monitor-command', name, '--hmp', 'info registers'),
    readFile(consoleLog, 'utf8').then(
      (text) => `console: ${text.slice(-2_000)}`,
      (error) => `console: ${String(error)}`,
    ),
  ]);
  const text = [`The guest agent of ${name} has not answered for ${lateMs / 1_000} s.`, ...seen].join('\n');
  // What an extension host writes to its standard error reaches nobody.
  const report = process.env['TEST_REPORT'];
  if (report) await appendFile(report, `${text}\n`);
  else console.error(text);
}

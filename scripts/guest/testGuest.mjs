// VMs for tests, on a private daemon: as many kinds of disks as tests need, all in the daemon's folder.
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../rig/run.mjs';
import { buildGuest } from './buildGuest.mjs';
import { defineVm, virshOk } from './defineVm.mjs';
import { counters, runInGuest, waitForAgent } from './inGuest.mjs';

/** @typedef {'qcow2' | 'raw' | 'cdrom' | 'emptyQcow2'} TestDisk the guest's file system in two formats; a CD-ROM; nothing */

/**
 * @typedef {object} TestGuest
 * @property {string} name
 * @property {string[]} disks absolute paths, in the order asked for
 * @property {string} consoleLog
 * @property {() => Promise<void>} start cold; resolves when the agent answers, or at once when there is none
 * @property {() => Promise<void>} waitForAgent
 * @property {(program: string, args?: readonly string[]) => Promise<{ stdout: string, stderr: string, code: number }>} run
 *   through the agent
 * @property {() => Promise<import('./inGuest.mjs').Counters>} counters
 * @property {(value: number) => Promise<import('./inGuest.mjs').Counters>} setCounters memory and disk alike
 * @property {() => Promise<string>} state as `virsh domstate` says it
 * @property {() => Promise<void>} remove the VM, whatever it does, and its snapshots' metadata; the files stay
 */

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
  return {
    name,
    disks: disks.map((disk) => disk.file),
    consoleLog,
    start: async () => {
      await virshOk(virsh, 'start', name);
      if (agent) await waitForAgent(virsh, name);
    },
    waitForAgent: () => waitForAgent(virsh, name),
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

/** @param {TestDisk} kind @param {string} stem @param {string} base @returns {Promise<import('./defineVm.mjs').VmDisk>} */
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

// What can go wrong from outside, each as one act on a running system. Knows no operation.
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { virshOk } from '../../../scripts/guest/defineVm.mjs';
import type { PlannedWork } from '../../../src/operations/plan.js';
import { qemuProcesses } from '../../qemuProcesses.js';
import type { Daemon } from '../engineRig.js';
import type { Cutter } from './cutter.js';

export interface Target {
  readonly daemon: Daemon;
  readonly cutter: Cutter;
  /** The name of the VM. */
  readonly name: string;
  /** With its disks; it has a small file system to itself and its like. */
  readonly folder: string;
  readonly plan: PlannedWork;
}

/** Ends the fault where it lasts; called when the operation has ended. */
export type EndOfFault = () => Promise<void>;

/**
 * | fault           | what is done                                                                     |
 * |-----------------|----------------------------------------------------------------------------------|
 * | qemuKilled      | SIGKILL to the VM's QEMU, if it has one                                           |
 * | daemonKilled    | SIGKILL to libvirtd, which is started again                                       |
 * | connectionCut   | all sockets between us and the daemon end; new ones can be made                   |
 * | extensionKilled | SIGKILL to the process that carries the operation out; another one comes          |
 * | diskFull        | nothing can be written to the disks' file system until the operation has failed   |
 * | overlaysRemoved | overlays that the plan made are removed, while the VM is off                      |
 * | otherClient     | another client pauses, or starts, or cuts the power, as the VM's state lets it     |
 * | otherSaves      | another client saves the VM for its next start, if it has a guest; its start brings it back |
 */
export const faultKinds = [
  'extensionKilled',
  'connectionCut',
  'daemonKilled',
  'qemuKilled',
  'diskFull',
  'overlaysRemoved',
  'otherClient',
] as const;
/** Where a save is more than another client's start or stop: QEMU has one way for all that it sends. */
export const withSaves = [...faultKinds, 'otherSaves'] as const;
export type FaultKind = (typeof withSaves)[number];

type FaultAct = (target: Target) => Promise<EndOfFault | undefined>;

export const faultActs: Readonly<Record<Exclude<FaultKind, 'extensionKilled'>, FaultAct>> = {
  qemuKilled: async ({ daemon, name }) => {
    await killQemu(daemon, name);
    return undefined;
  },
  daemonKilled: async ({ daemon }) => {
    await daemon.killDaemon();
    await daemon.startDaemon();
    return undefined;
  },
  connectionCut: ({ cutter }) => {
    cutter.cut();
    return Promise.resolve(undefined);
  },
  diskFull: async ({ folder }) => {
    const file = join(folder, 'ballast');
    await fill(file);
    return () => rm(file, { force: true });
  },
  overlaysRemoved: async ({ daemon, name, plan }) => {
    const { stdout } = await daemon.virsh(['domstate', name]);
    const made = plan.steps.flatMap((step) => (step.kind === 'createOverlays' ? step.overlays : []));
    if (stdout.trim() === 'shut off') {
      await Promise.all(made.map(({ file }) => rm(file, { force: true })));
    }
    return undefined;
  },
  otherClient: async ({ daemon, name }) => {
    const { stdout } = await daemon.virsh(['domstate', name]);
    const state = stdout.trim();
    await daemon.virsh([state === 'running' ? 'suspend' : state === 'paused' ? 'resume' : 'start', name]);
    return undefined;
  },
  otherSaves: async ({ daemon, name }) => {
    await daemon.virsh(['managedsave', name]);
    return undefined;
  },
};

/** What another client has saved is there, and is used: it was not theirs to lose. */
export async function useSave({ virsh }: Daemon, name: string): Promise<void> {
  if (/^Managed save:\s+yes/mu.exec(await virshOk(virsh, 'dominfo', name)) !== null) {
    await virshOk(virsh, 'start', name);
  }
}

/** Resolves when libvirt knows: it hears of it a moment later, and tells nobody who only asks. */
export async function killQemu(daemon: Daemon, name: string): Promise<void> {
  const pids = await qemuProcesses(daemon, name);
  for (const pid of pids) {
    process.kill(pid, 'SIGKILL');
  }
  while ((await daemon.virsh(['domstate', name])).stdout.trim() === 'running' && pids.length > 0) {
    await wait(20);
  }
}

/** Also of a VM that libvirt has lost. Resolves when it is gone, with whether there was one. */
export async function endQemu(daemon: Daemon, name: string): Promise<boolean> {
  const pids = await qemuProcesses(daemon, name);
  for (const pid of pids) {
    process.kill(pid, 'SIGKILL');
  }
  for (const pid of pids) {
    while (await isAlive(pid)) {
      await wait(20);
    }
  }
  return pids.length > 0;
}

/**
 * One that ends loses its command line before its files, and with them its locks. Those stay until its last thread has
 * ended, and the first may have ended before.
 */
async function isAlive(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const ended = await Promise.all(
    threads.map(async (thread) => {
      const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => 'State:\tX');
      return /^State:\t[ZX]/mu.test(status);
    }),
  );
  return ended.includes(false);
}

/** Until not a byte more goes in. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let size = 2 ** 20; size >= 1; size /= 2) {
      const bytes = Buffer.alloc(size);
      for (let wrote = size; wrote === size;) {
        wrote = await file.write(bytes).then(
          ({ bytesWritten }) => bytesWritten,
          (error: unknown) => {
            if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
              return 0;
            }
            throw error;
          },
        );
      }
    }
  } finally {
    await file.close();
  }
}

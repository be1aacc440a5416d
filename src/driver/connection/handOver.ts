// Gives QEMU a file of ours that is open. Node cannot send descriptors over a socket, so virsh does it, to which they
// can be left as to any program.
import { spawn, execFile } from 'node:child_process';
import { access, constants, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { SavedState } from '../files/savedState.js';
import { findProgram } from '../../base/findProgram.js';
import { answerOf, descriptorMark, MonitorError } from '../run/monitor.js';
import type { SavedFile } from '../hypervisor.js';
import type { SeamlessAccess } from '../run/stepContext.js';
import type { Seamless } from '../../domain/seamless.js';

const mostSaid = 64 * 1024;

const answer = v.object({ 'fdset-id': v.optional(v.number()) });

/**
 * @param uri a connection to a daemon of this host, over its Unix socket
 */
export function seamlessAccess(uri: string, environment: NodeJS.ProcessEnv): SeamlessAccess {
  const handOver = handOverWith(uri, environment);
  return {
    obstacle: seamlessHost(environment),
    mayGuard: (user) => mayGuard(user),
    begin: async (file, xml) => {
      const saved = await SavedState.begin(file, xml);
      return {
        start: saved.start,
        handOver: (uuid, how) => handOver(uuid, saved.descriptor, how),
        finish: () => saved.finish(),
        discard: () => saved.discard(),
      };
    },
  };
}

type Handing = Parameters<SavedFile['handOver']>[1];

/** A command of QEMU's monitor that comes with the file. */
export function handOverOrder(how: Handing): { readonly execute: string; readonly command: string } {
  const [execute, mark] = how === 'named' ? (['getfd', 'fdname'] as const) : (['add-fd', 'opaque'] as const);
  return { execute, command: JSON.stringify({ execute, arguments: { [mark]: descriptorMark } }) };
}

/** @returns the number of the set. @throws MonitorError */
export function readHandOver(execute: string, told: string): number | undefined {
  return answerOf(answer, execute, told)['fdset-id'];
}

/** Rejects with MonitorError where that cannot be. @param endAfterMs a virsh that does not end by itself */
export function handOverWith(
  uri: string,
  environment: NodeJS.ProcessEnv,
  endAfterMs = patienceMs,
): (uuid: string, descriptor: number, how: Handing) => Promise<number | undefined> {
  return async (uuid, descriptor, how) => {
    const virsh = await findProgram('virsh', environment);
    if (virsh === undefined) {
      throw new MonitorError('virsh is not installed');
    }
    const { execute, command } = handOverOrder(how);
    const words = ['--connect', uri, 'qemu-monitor-command', '--domain', uuid, '--pass-fds', '3', '--cmd', command];
    const told = await new Promise<string>((resolve, reject) => {
      const child = spawn(virsh, words, {
        env: { ...environment, LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'pipe', descriptor],
        timeout: endAfterMs,
        killSignal: 'SIGKILL',
      });
      let [out, said] = ['', ''];
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (out = (out + text).slice(0, mostSaid)));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-mostSaid)));
      child.once('error', (error) => reject(new MonitorError(error.message)));
      child.once('close', (code, killedBy) =>
        code === 0 ? resolve(out) : reject(new MonitorError(said.trim() || `virsh ended with ${code ?? killedBy}`)),
      );
    });
    return readHandOver(execute, told);
  };
}

/**
 * What of this computer stands against keeping a VM's RAM while its guest runs on: no virsh, a folder that is not ours
 * to write to, a kernel that lets only root guard memory. Asks no VM.
 */
const patienceMs = 10_000;
const run = promisify(execFile);

/** Whether an environment has a virsh that can hand over files; it is checked once for each. */
export function seamlessHost(
  environment: NodeJS.ProcessEnv,
): (files: readonly string[], user: number | undefined) => Promise<Seamless | undefined> {
  let passes: Promise<boolean> | undefined;
  return async (files, user) => {
    passes ??= passesFiles(environment);
    if (!(await passes)) {
      // It may be installed by the next time.
      passes = undefined;
      return { kind: 'no', why: 'noVirsh' };
    }
    for (const folder of new Set(files.map((file) => dirname(file)))) {
      if (!(await isWritable(folder))) {
        return { kind: 'no', why: 'folder', said: folder };
      }
    }
    return (await mayGuard(user)) === 'no' ? { kind: 'no', why: 'kernel' } : undefined;
  };
}

/** Since libvirt 8.2. */
async function passesFiles(environment: NodeJS.ProcessEnv): Promise<boolean> {
  const virsh = await findProgram('virsh', environment);
  if (virsh === undefined) {
    return false;
  }
  try {
    const { stdout } = await run(virsh, ['help', 'qemu-monitor-command'], {
      env: { ...environment, LC_ALL: 'C' },
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    });
    return stdout.includes('--pass-fds');
  } catch {
    // One that does not even tell what it can do hands nothing over.
    return false;
  }
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: either way no file of ours comes into it.
    return false;
  }
}

const everybody = 0o006;
/** Where the kernel tells who may guard memory. */
const kernel = { setting: '/proc/sys/vm/unprivileged_userfaultfd', device: '/dev/userfaultfd' };

/**
 * | QEMU's user | vm.unprivileged_userfaultfd | /dev/userfaultfd     | → |
 * |-------------|-----------------------------|----------------------|---|
 * | root        | any                         | any                  | yes |
 * | another     | 1, or there is none         | any                  | yes |
 * | another     | 0                           | open to everybody    | byDevice: QEMU tells, which may not see it |
 * | another     | 0                           | not, or there is none | no  |
 */
export async function mayGuard(
  user = process.getuid?.() ?? 0,
  { setting, device } = kernel,
): Promise<'yes' | 'byDevice' | 'no'> {
  if (user === 0) {
    return 'yes';
  }
  try {
    if ((await readFile(setting, 'utf8')).trim() === '1') {
      return 'yes';
    }
    return ((await stat(device)).mode & everybody) === everybody ? 'byDevice' : 'no';
  } catch (error) {
    // A kernel without the setting lets everybody; with it, there is no such device.
    return (error as { readonly path?: string }).path === device ? 'no' : 'yes';
  }
}

// What of this computer stands against keeping a VM's RAM while its guest runs on: no virsh, a folder that is not ours
// to write to, a kernel that lets only root guard memory. Asks no VM.
import { execFile } from 'node:child_process';
import { access, constants, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../base/findProgram.js';
import type { Seamless } from '../../domain/seamless.js';

const patienceMs = 10_000;
const run = promisify(execFile);

/** Of one environment: whether there is a virsh that can hand files over is asked once. */
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

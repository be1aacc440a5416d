// The computer on which a VM and its files are: this one, or one that the connection has a login to.
import { posix } from 'node:path';
import { type FileSystem, thisComputer } from '../base/fileSystem.js';
import type { HostLogin } from '../hosts/hostLogin.js';
import { noLog } from '../base/log.js';
import { withShellHost } from '../driver/files/shellHost.js';
import { type ImageHost, qemuImg } from '../qemu/qemuImg.js';

export interface VmHost extends ImageHost {
  /** Undefined: this computer. */
  readonly login: HostLogin | undefined;
}

export function hostHere(environment: NodeJS.ProcessEnv): VmHost {
  return { files: thisComputer, qemuImg: qemuImg(environment), login: undefined };
}

/** @param login undefined: this computer. @throws Failure `lost` where the login ends meanwhile */
export function onVmHost<T>(
  login: HostLogin | undefined,
  environment: NodeJS.ProcessEnv,
  work: (host: VmHost) => Promise<T>,
): Promise<T> {
  return login === undefined
    ? work(hostHere(environment))
    : withShellHost({ login, log: noLog }, (host) => work({ ...host, login }));
}

/** Those that are not there yet. Others may pass through them. */
export async function makeFolders(files: FileSystem, folder: string): Promise<void> {
  try {
    await files.mkdir(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST' && (await files.stat(folder)).isDirectory()) {
      return;
    }
    if (code !== 'ENOENT') {
      throw error;
    }
    await makeFolders(files, posix.dirname(folder));
    await files.mkdir(folder);
  }
  await files.chmod(folder, 0o711);
}

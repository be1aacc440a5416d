// The computer on which a VM and its files are: this one, or one that the connection has a login to.
import { thisComputer } from '../base/fileSystem.js';
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
export function onVmHost<T>(login: HostLogin | undefined, work: (host: VmHost) => Promise<T>): Promise<T> {
  return login === undefined
    ? work(hostHere(process.env))
    : withShellHost({ login, log: noLog }, (host) => work({ ...host, login }));
}

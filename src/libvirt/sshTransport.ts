// Connects to a daemon on another host behind ssh.
import type { ShellStream } from '../hosts/hostLogin.js';
import { HostUnreachable, type LoginOptions } from '../hosts/login.js';
import type { SshHost } from '../hosts/sshCommand.js';
import { openShellBySsh, openSsh } from '../hosts/sshLogin.js';
import { daemonLine, scriptExits } from './daemonLine.js';
import type { OpenTransport } from './transport.js';
import { givenValue, hostAddress, type LibvirtUri, switchOf } from './uri.js';

export const openSshTransport: OpenTransport = async (uri, options) => {
  const host = sshHost(uri);
  const lineWith = (mark: string): string => daemonLine(uri, options.readOnly, mark);
  const reasonOf = (code: number, said: string): HostUnreachable | undefined => reasonOfExit(code, said, host.name);
  return { stream: await openSsh(host, { lineWith, reasonOf }, options), readOnly: options.readOnly };
};

/** To the host of the daemon. Rejects with HostUnreachable, or with the signal's reason. */
export function openSshShell(uri: LibvirtUri, options: LoginOptions): Promise<ShellStream> {
  return openShellBySsh(sshHost(uri), options);
}

/**
 * | parameter    | becomes                                                                   |
 * |--------------|---------------------------------------------------------------------------|
 * | command      | the program in the place of `ssh`                                          |
 * | keyfile      | `-i`                                                                       |
 * | known_hosts  | `UserKnownHostsFile`                                                       |
 * | no_verify    | `StrictHostKeyChecking=no`                                                 |
 * | no_tty       | `BatchMode=yes`                                                            |
 * | socket, mode, proxy, netcat | part of `daemonLine`                                        |
 *
 * @throws UnsupportedUri where a value cannot be what it is there for
 */
export function sshHost(uri: LibvirtUri): SshHost {
  return {
    ...hostAddress(uri),
    program: givenValue(uri, 'command'),
    keyFile: givenValue(uri, 'keyfile'),
    knownHosts: givenValue(uri, 'known_hosts'),
    isUnverified: switchOf(uri, 'no_verify'),
    isSilent: switchOf(uri, 'no_tty'),
  };
}

function reasonOfExit(code: number, said: string, host: string): HostUnreachable | undefined {
  switch (code) {
    case scriptExits.denied:
      return new HostUnreachable('denied', host, { group: said.split('\n').at(-1) ?? '' });
    case scriptExits.noRelay:
      return new HostUnreachable('noRelay', host, said === '' ? {} : { said });
    case scriptExits.noLibvirt:
      return new HostUnreachable('noLibvirt', host);
    default:
      return undefined;
  }
}

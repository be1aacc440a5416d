// Connects to a daemon on another host behind ssh.
import type { ShellStream } from '../hosts/hostLogin.js';
import { HostUnreachable, type LoginOptions } from '../hosts/login.js';
import { type SshHost, lineForShell } from '../hosts/sshCommand.js';
import { openShellBySsh, openSsh } from '../hosts/sshLogin.js';
import type { OpenTransport } from './transport.js';
import { givenValue, hostAddress, type LibvirtUri, switchOf, isSession } from './uri.js';
import script from './daemonLine.sh';
import { UnsupportedUri } from './libvirtError.js';

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

/** How the script ends where it cannot lead on. 255 is ssh's own. */
const scriptExits = { noLibvirt: 95, noRelay: 96, denied: 97 } as const;

/**
 * The script prints the mark and becomes what leads to the daemon.
 *
 * | proxy   | the way                                                        |
 * |---------|----------------------------------------------------------------|
 * | native  | `virt-ssh-helper`, of libvirt 6.8 and newer                     |
 * | netcat  | `nc -U` to the socket: that of BusyBox has no such option        |
 * | auto    | the first that is there; a `socket` or a `netcat` means netcat  |
 *
 * Sources: `remote_driver.c` and `virNetClientSSHHelperCommand` of libvirt 11.
 *
 * @throws UnsupportedUri where a value cannot be what it is there for
 */
export function daemonLine(uri: LibvirtUri, readOnly: boolean, mark: string): string {
  const netcat = givenValue(uri, 'netcat');
  const proxy = uri.parameters.get('proxy') ?? 'auto';
  if (!['auto', 'native', 'netcat'].includes(proxy) || (proxy === 'native' && netcat !== undefined)) {
    throw new UnsupportedUri(uri.text, undefined, 'proxy');
  }
  const isNative = proxy === 'native' || (proxy === 'auto' && uri.socket === undefined && netcat === undefined);
  const ways = [...(isNative ? ['native'] : []), ...(proxy === 'native' ? [] : ['netcat'])].join('-');
  const isSessionDaemon = isSession(uri);
  const suffix = readOnly && !isSessionDaemon ? '-ro' : '';
  const [direct, legacy] = [`virt${uri.driver}d-sock${suffix}`, `libvirt-sock${suffix}`];
  const sockets = { auto: [direct, legacy], direct: [direct], legacy: [legacy] }[uri.mode];
  return lineForShell(
    script,
    ...[mark, uri.name, readOnly ? '-r' : '', ways, netcat ?? '', isSessionDaemon ? 'session' : ''],
    ...(uri.socket === undefined ? sockets : [uri.socket]),
  );
}

// The way from a shell on a host to the libvirt daemon there, as a line for that shell. Pure; starts nothing.
import { lineForShell } from '../hosts/sshCommand.js';
import script from './daemonLine.sh';
import { UnsupportedUri } from './libvirtError.js';
import { givenValue, isSession, type LibvirtUri } from './uri.js';

/** How the script ends where it cannot lead on. 255 is ssh's own. */
export const scriptExits = { noLibvirt: 95, noRelay: 96, denied: 97 } as const;

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

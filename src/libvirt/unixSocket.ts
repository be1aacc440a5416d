// Which Unix socket a URI means on this computer, and which daemon would listen there.
// The rules of libvirt's remote_sockets.c; pure but for the questions it asks of its `SocketHost`.
import { join } from 'node:path';
import type { LibvirtUri } from './uri.js';

interface SocketHost {
  readonly environment: NodeJS.ProcessEnv;
  readonly userId: number;
  readonly homeDirectory: string;
  readonly exists: (path: string) => boolean;
}

interface SocketChoice {
  readonly path: string;
  readonly readOnly: boolean;
  /** The executable to start when nobody listens: session sockets only, and only when one is installed. */
  readonly daemon?: string;
}

/**
 * Whose daemon:
 * | path or scheme      | user     | daemon       | started on demand               |
 * |---------------------|----------|--------------|---------------------------------|
 * | /session or test+…  | not root | the user's   | yes, unless LIBVIRT_AUTOSTART=0 |
 * | /session or test+…  | root     | the system's | no                              |
 * | other               | any      | the system's | no                              |
 *
 * A plain `test:///default` would run inside libvirt's own client; here it goes the way of `test+unix:///default`.
 *
 * Which socket of it, by `mode`:
 * | mode   | virt<driver>d-sock exists | libvirt-sock exists | socket                                         |
 * |--------|---------------------------|---------------------|------------------------------------------------|
 * | direct | any                       | any                 | virt<driver>d-sock                             |
 * | legacy | any                       | any                 | libvirt-sock                                   |
 * | auto   | yes                       | any                 | virt<driver>d-sock                             |
 * | auto   | no                        | yes                 | libvirt-sock                                   |
 * | auto   | no                        | no                  | of the daemon that is installed, libvirtd first |
 *
 * Session daemons have no read-only socket: there the read-only flag of the open call does it alone.
 */
export function chooseSocket(uri: LibvirtUri, readOnly: boolean, host: SocketHost): SocketChoice {
  if (uri.socket !== undefined) {
    return { path: uri.socket, readOnly: readOnly || uri.socket.endsWith('-sock-ro') };
  }
  const session = (uri.path === '/session' || uri.driver === 'test') && host.userId > 0;
  const directory = session ? join(runtimeDirectory(host), 'libvirt') : '/var/run/libvirt';
  const suffix = readOnly && !session ? 'sock-ro' : 'sock';
  const direct = { name: `virt${uri.driver}d`, path: join(directory, `virt${uri.driver}d-${suffix}`) };
  const legacy = { name: 'libvirtd', path: join(directory, `libvirt-${suffix}`) };
  const autostart = session && host.environment['LIBVIRT_AUTOSTART'] !== '0';

  const candidates = { direct: [direct], legacy: [legacy], auto: [direct, legacy] }[uri.mode];
  const listening = candidates.find((candidate) => host.exists(candidate.path));
  const installed = [...candidates].reverse().find((candidate) => findDaemon(candidate.name, host) !== undefined);
  const chosen = listening ?? installed ?? (uri.mode === 'direct' ? direct : legacy);
  const daemon = autostart ? findDaemon(chosen.name, host) : undefined;
  return { path: chosen.path, readOnly, ...(daemon === undefined ? {} : { daemon }) };
}

/** XDG_RUNTIME_DIR, or the cache directory where it is unset, as GLib has it. */
function runtimeDirectory({ environment, homeDirectory }: SocketHost): string {
  const given = environment['XDG_RUNTIME_DIR'] ?? environment['XDG_CACHE_HOME'];
  return given === undefined || given === '' ? join(homeDirectory, '.cache') : given;
}

/** VIRTD_PATH or LIBVIRTD_PATH name the executable of every daemon, as for libvirt's own clients. */
function findDaemon(name: string, { environment, exists }: SocketHost): string | undefined {
  const given = environment['VIRTD_PATH'] ?? environment['LIBVIRTD_PATH'];
  if (given !== undefined && given !== '') {
    return given;
  }
  const searched = [...(environment['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return searched
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, name))
    .find((path) => exists(path));
}

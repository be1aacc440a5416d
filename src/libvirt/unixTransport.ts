// Connects to a daemon on this computer through its Unix socket, and starts the user's own daemon where libvirt would.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import { Unreachable } from './libvirtError.js';
import type { OpenTransport } from './transport.js';
import type { LibvirtUri } from './uri.js';

/** How long a daemon that was just started may take to listen: libvirt waits 5 s, loaded machines need more. */
const START_TIMEOUT_MS = 20_000;
const RETRY_MS = 10;

export const openUnixTransport: OpenTransport = async (uri, { environment, readOnly, log, signal }) => {
  const choice = chooseSocket(uri, readOnly, {
    environment,
    userId: process.geteuid?.() ?? 0,
    homeDirectory: environment['HOME'] ?? homedir(),
    exists: existsSync,
  });
  log.info(`${uri.text}: socket ${choice.path}`);
  try {
    return { stream: await connectTo(choice.path, signal), readOnly: choice.readOnly };
  } catch (error) {
    if (choice.daemon === undefined || !(error instanceof Unreachable) || error.reason === 'denied') {
      throw error;
    }
    const stream = await startAndConnect(choice.daemon, choice.path, { environment, log, signal });
    return { stream, readOnly: choice.readOnly };
  }
};

/** Settles at once: on a Unix socket a connection is made or refused without waiting for the other side. */
function connectTo(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = connect({ path });
    const onError = (cause: NodeJS.ErrnoException): void => {
      reject(new Unreachable(unreachableReasons.get(cause.code) ?? 'refused', path, { cause }));
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

const unreachableReasons: ReadonlyMap<string | undefined, Unreachable['reason']> = new Map([
  ['ENOENT', 'noSocket'],
  ['ENOTDIR', 'noSocket'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
]);

/**
 * Two clients that start one at the same time do no harm: the second daemon finds the first one's pid file locked and
 * ends, so the lock file of libvirt's own client (an fcntl lock, which Node lacks) is not needed.
 */
async function startAndConnect(
  daemon: string,
  path: string,
  { environment, log, signal }: { environment: NodeJS.ProcessEnv; log: Log; signal: AbortSignal | undefined },
): Promise<Socket> {
  log.info(`starting ${daemon} --timeout=120`);
  let startError: Error | undefined;
  const child = spawn(daemon, ['--timeout=120'], { cwd: '/', detached: true, env: environment, stdio: 'ignore' });
  child.on('error', (error) => (startError = error));
  child.unref();
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    await sleep(RETRY_MS, undefined, { signal });
    try {
      return await connectTo(path, signal);
    } catch (error) {
      if (!(error instanceof Unreachable) || error.reason === 'denied' || performance.now() > deadline) {
        throw error;
      }
      if (startError !== undefined) {
        throw new Unreachable(error.reason, path, { cause: startError });
      }
    }
  }
}

/**
 * Which Unix socket a URI means on this computer, and which daemon would listen there.
 * The rules of libvirt's remote_sockets.c; pure but for the questions it asks of its `SocketHost`.
 */
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

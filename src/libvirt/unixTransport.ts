// Connects to a daemon on this computer through its Unix socket, and starts the user's own daemon where libvirt would.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../base/log.js';
import { Unreachable } from './libvirtError.js';
import type { OpenTransport } from './transport.js';
import { chooseSocket } from './unixSocket.js';

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

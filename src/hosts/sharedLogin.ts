// One login at a host for all connections to it: where the ssh client keeps it.
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import type { SshCommand } from './sshCommand.js';

/** The longest path of a Unix socket, less the 17 bytes that ssh adds while it makes one and the 40 of `%C`. */
const longestFolder = 107 - 17 - 41;

/**
 * The socket of our own shared login, which `%C` makes one for each user, host and port; undefined where the client
 * can do without: a login that the user shares already is used as it is, and Windows' client knows no such thing.
 *
 * @param command the one that would log in
 */
export async function sharedLoginOf(command: SshCommand, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (process.platform === 'win32' || (await isLoginOpen(command, environment))) {
    return undefined;
  }
  const folder = await ownFolder(environment);
  return folder === undefined ? undefined : join(folder, '%C');
}

/** Asks the client whether the login that the command would share is open; it opens none. */
export function isLoginOpen({ program, args }: SshCommand, environment: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = ['-O', 'check', ...args.slice(0, -1)];
    execFile(program, asked, { env: environment, timeout: 5_000 }, (error) => resolve(error === null));
  });
}

/** A folder that nobody else can write to: who could put a socket there would be handed what we say. */
async function ownFolder({ XDG_RUNTIME_DIR: runtime }: NodeJS.ProcessEnv): Promise<string | undefined> {
  const user = process.getuid?.();
  for (const folder of [
    ...(runtime === undefined ? [] : [join(runtime, 'virt-rewind')]),
    join(tmpdir(), `virt-rewind-${user}`),
    `/tmp/virt-rewind-${user}`,
  ]) {
    if (Buffer.byteLength(folder) <= longestFolder && (await isOwn(folder, user))) {
      return folder;
    }
  }
  return undefined;
}

async function isOwn(folder: string, user: number | undefined): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch {
    // There already, or it cannot be made: the look below tells.
  }
  try {
    const found = await lstat(folder);
    return found.isDirectory() && found.uid === user && (found.mode & 0o077) === 0;
  } catch {
    // It is not there.
    return false;
  }
}

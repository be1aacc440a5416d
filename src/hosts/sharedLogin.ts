// One login at a host for all connections to it: where the ssh client keeps it.
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import type { SshCommand, SshWish } from './sshCommand.js';

/** The longest path of a Unix socket, less the 17 bytes that ssh adds while it makes one and the 40 of `%C`. */
const longestFolder = 107 - 17 - 41;
/** The holder of a login answers at once, unless it was stopped. */
const patienceMs = 5_000;

interface Sharing {
  /** For the client. */
  readonly wish: Pick<SshWish, 'sharedLogin'>;
  /** There is one already. */
  readonly isOpen: boolean;
}

/**
 * Which login a command shares: that of the user as it is, where they share one; else one of our own, whose socket `%C`
 * makes one for each user, host and port. Windows' client knows no such thing. Where the holder of ours does not
 * answer, none is shared: the client would wait for it without an end.
 *
 * @param commandFor the one that would log in
 */
export async function sharingOf(
  commandFor: (wish: Pick<SshWish, 'sharedLogin'>) => SshCommand,
  environment: NodeJS.ProcessEnv,
): Promise<Sharing> {
  if (process.platform === 'win32') {
    return { wish: {}, isOpen: false };
  }
  const folder = await ownFolder(environment);
  const own = folder === undefined ? {} : { sharedLogin: join(folder, '%C') };
  const [theirs, ours] = await Promise.all([{}, own].map((wish) => lookAtLogin(commandFor(wish), environment)));
  if (theirs === 'open') {
    return { wish: {}, isOpen: true };
  }
  return ours === 'silent' ? { wish: { sharedLogin: 'none' }, isOpen: false } : { wish: own, isOpen: ours === 'open' };
}

/** Asks the client whether the login that the command would share is open; it opens none. */
function lookAtLogin({ program, args }: SshCommand, env: NodeJS.ProcessEnv): Promise<'open' | 'none' | 'silent'> {
  return new Promise((resolve) => {
    const asked = ['-O', 'check', ...args.slice(0, -1)];
    execFile(program, asked, { env, timeout: patienceMs, killSignal: 'SIGKILL' }, (error) =>
      resolve(error === null ? 'open' : error.killed === true ? 'silent' : 'none'),
    );
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

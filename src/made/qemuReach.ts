// Whether the system's QEMU gets at the files of VMs that are made. There it runs as a user of its own, and homes are
// closed to others: libvirt gives it the files, and not the folders on the way. Asks the kernel as that user, so that
// access lists count too. Changes nothing.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { madeFailure } from './madeFailure.js';

interface BarredFolder {
  readonly user: string;
  /** The first on the way that it may not enter. */
  readonly folder: string;
}

/** What is read and asked of the computer. */
interface ReachHost {
  /** Empty where there is none. */
  readonly read: (path: string) => Promise<string>;
  readonly mayEnter: (folder: string, user: { readonly uid: number; readonly gid: number }) => Promise<boolean>;
}

const configuration = '/etc/libvirt/qemu.conf';
/** As distributions build libvirt; the first that there is. */
const usualUsers = ['libvirt-qemu', 'qemu'];

/**
 * @param what `images`: that are read where they are; `labs`: the folder in which the VMs would get theirs
 * @throws Failure `refused` where QEMU could not open what the VMs would be made of
 */
export async function requireReach(
  connection: string,
  what: 'images' | 'labs',
  paths: readonly string[],
): Promise<void> {
  const barred = await barredFromQemu(connection, paths);
  if (barred === undefined) {
    return;
  }
  const { user, folder } = barred;
  const letIn = `setfacl -m u:${user}:x ${folder}`;
  throw madeFailure(what === 'images' ? 'imagesBarred' : 'labsBarred', { connection, user, folder, letIn });
}

/**
 * A libvirt on a socket of its own has a configuration that is not known here, and that of a session runs QEMU as its
 * own user: nothing is said of these. The same where the user is not known.
 *
 * @param paths absolute, links followed
 */
export async function barredFromQemu(
  connection: string,
  paths: readonly string[],
  host: ReachHost = thisHost,
): Promise<BarredFolder | undefined> {
  const user = connection === 'qemu:///system' ? await qemuUser(host) : undefined;
  if (user === undefined || user.uid === 0) {
    return undefined;
  }
  for (const folder of new Set(paths.flatMap((path) => foldersTo(path)))) {
    if (!(await host.mayEnter(folder, user))) {
      return { user: user.name, folder };
    }
  }
  return undefined;
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

async function qemuUser({ read }: ReachHost): Promise<User | undefined> {
  const set = [...(await read(configuration)).matchAll(/^\s*user\s*=\s*"([^"]+)"/gmu)].at(-1)?.[1];
  const users = (await read('/etc/passwd')).split('\n').map((line) => line.split(':'));
  const wanted = set === undefined ? usualUsers : [set];
  for (const one of wanted) {
    // libvirt takes "+107" for a number even where somebody is called so.
    const found = users.find(([name, , uid]) => name === one || uid === one.replace(/^\+/u, ''));
    if (found !== undefined) {
      const [name = '', , uid, gid] = found;
      return { name, uid: Number(uid), gid: Number(gid) };
    }
  }
  return undefined;
}

/** From the root on. */
function foldersTo(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [folder] : [...foldersTo(folder), folder];
}

const thisHost: ReachHost = {
  read: (path) => readFile(path, 'utf8').catch(() => ''),
  mayEnter: (folder, { uid, gid }) =>
    new Promise((resolve) => {
      // One that is not there yet is made by us.
      const child = spawn('test', ['!', '-e', folder, '-o', '-x', folder], { uid, gid, cwd: '/', stdio: 'ignore' });
      // Who cannot be asked is not said to be barred.
      child.once('error', () => resolve(true));
      child.once('exit', (code) => resolve(code !== 1));
    }),
};

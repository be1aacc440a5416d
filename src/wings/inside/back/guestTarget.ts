// Where in a guest a file of a restore point would be, and what is there now. What the guest says is untrusted.
import { posix } from 'node:path';
import { canBeRead } from '../../../session/copyIntoGuest.js';
import type { GuestFiles } from '../../../session/guestFiles.js';
import type { Survey } from './packNode.js';
import { insideFailure } from '../insideFailure.js';
import program from './inGuest.sh';

/** What is asked of the guest agent. */
export type GuestDoor = Pick<GuestFiles, 'openFile' | 'closeFile' | 'read' | 'write' | 'flush' | 'script'>;

export interface GuestTarget {
  /** Links of its folder are followed, its own is not. */
  readonly path: string;
  readonly kind: 'none' | 'file' | 'folder' | 'link';
  /** `inPlace`: the guest runs no programs for its agent, by which a file gets a name, an owner and a time. */
  readonly way: 'renamed' | 'inPlace';
}

/** What no snapshot of the disks holds. */
const elsewhere =
  /^(?:nfs4?|cifs|smb3|smbfs|9p|virtiofs|ceph|glusterfs|lustre|afs|fuse\..*|tmpfs|ramfs|rootfs|proc|sysfs|devtmpfs|devpts|cgroup2?|efivarfs)$/u;

/** A whole path of a guest of either sort, which is not its root. */
export function isTargetPath(path: string): boolean {
  return (
    /^(?:\/|[A-Za-z]:[\\/]).*[^\\/]/u.test(path) && !/\p{Cc}/u.test(path) && !/(?:^|[\\/])\.\.?(?:[\\/]|$)/u.test(path)
  );
}

/** @throws Failure where it cannot be there */
export async function lookAtTarget(files: GuestDoor, target: string, { kind }: Survey): Promise<GuestTarget> {
  const wanted = target.replace(/(?<=.)\/+$/u, '');
  const name = posix.basename(wanted);
  const ended = await files.script(program, ['look', posix.dirname(wanted), name]);
  if (ended === undefined) {
    if (kind !== 'file') {
      throw insideFailure('needsPrograms');
    }
    return { path: wanted, kind: (await canBeRead(files, wanted)) ? 'file' : 'none', way: 'inPlace' };
  }
  if (ended.exitCode === 4) {
    throw insideFailure('noFolder', { path: posix.dirname(wanted) });
  }
  const [, there, mounts = '', folder = ''] = /^(\w+)\n([^]*?)\n\n(\/.*)\n$/u.exec(ended.stdout) ?? [];
  if (ended.exitCode !== 0 || there === undefined) {
    throw insideFailure('guestFailed', { said: ended.stdout });
  }
  const path = posix.join(folder, name);
  requireOnDisk(path, folder, mounts);
  const isFit = there === 'none' || there === 'link' || there === (kind === 'link' ? 'file' : kind);
  if (!isFit) {
    throw insideFailure('otherKind');
  }
  return { path, kind: there, way: 'renamed' };
}

/** As /proc/self/mountinfo has them. @throws Failure */
function requireOnDisk(path: string, folder: string, mountInfo: string): void {
  const mounts = mountInfo.split('\n').flatMap((line) => {
    const [, point, type] = /^\d+ \d+ \S+ \S+ (\S+) .*? - (\S+) /u.exec(line) ?? [];
    return point === undefined || type === undefined ? [] : [{ point: unescape(point), type }];
  });
  const inside = mounts.find(({ point }) => point === path || point.startsWith(`${path}/`));
  if (inside !== undefined) {
    throw insideFailure('mounted', { point: inside.point });
  }
  // If two are mounted at one place, the later one is visible.
  const own = mounts
    .filter(({ point }) => point === '/' || folder === point || folder.startsWith(`${point}/`))
    .reduce<(typeof mounts)[number] | undefined>(
      (best, one) => (best === undefined || one.point.length >= best.point.length ? one : best),
      undefined,
    );
  if (own === undefined || elsewhere.test(own.type)) {
    throw insideFailure('notOnDisk', { type: own?.type ?? '' });
  }
}

/** Spaces and the like stand in octal there. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/gu, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

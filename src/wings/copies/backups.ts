// The backups in a repository, as the tags of restic's snapshots tell of them.
import { CopiesFault } from './copiesFault.js';
import type { Restic, ResticSnapshot } from './restic.js';

export interface Backup {
  readonly id: string;
  /** Name of the VM. */
  readonly vm: string;
  readonly uuid: string;
  /** In milliseconds since 1970. */
  readonly madeAt: number;
  readonly restorePoints: number;
  /** What its files take when they are restored. */
  readonly bytes: number;
}

export const finishedTag = 'virt-rewind';
export const unfinishedTag = 'virt-rewind-unfinished';

export function vmTag(uuid: string): string {
  return `vm:${uuid}`;
}

export function tagsOf({ id, uuid, restorePoints, bytes }: Backup): readonly string[] {
  return [`backup:${id}`, vmTag(uuid), `points:${restorePoints}`, `bytes:${bytes}`];
}

function isBackupId(text: string): boolean {
  return /^[\da-f]{8}$/u.test(text);
}

/** Undefined for a snapshot whose tags somebody has changed. */
function backupOf({ hostname, time, tags }: ResticSnapshot): Backup | undefined {
  const valueOf = (key: string): string => tags.find((tag) => tag.startsWith(`${key}:`))?.slice(key.length + 1) ?? '';
  const id = valueOf('backup');
  return isBackupId(id)
    ? {
        id,
        vm: hostname,
        uuid: valueOf('vm'),
        madeAt: Date.parse(time),
        restorePoints: Number(valueOf('points')) || 0,
        bytes: Number(valueOf('bytes')) || 0,
      }
    : undefined;
}

/** The oldest first. @throws ResticFault */
export async function listBackups(restic: Restic): Promise<readonly Backup[]> {
  return (await restic.snapshots([finishedTag])).flatMap((snapshot) => backupOf(snapshot) ?? []);
}

/** What restic calls it. @throws CopiesFault `noBackup`; ResticFault */
export async function requireBackup(restic: Restic, id: string): Promise<string> {
  const found = isBackupId(id) ? await restic.snapshots([finishedTag, `backup:${id}`]) : [];
  const [snapshot] = found;
  if (snapshot === undefined) {
    throw new CopiesFault({ kind: 'noBackup', id });
  }
  return snapshot.id;
}

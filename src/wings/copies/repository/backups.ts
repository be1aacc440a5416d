// The backups in a repository, as the tags of restic's snapshots tell of them.
import { copiesFailure } from '../copiesFailure.js';
import type { Restic, ResticSnapshot } from './restic.js';
import { type BackupSet, isSetId, setOf, setTag, tagsOfSet } from './sets.js';
import { backupIdOf, backupTag, finishedTag, keptTag, vmTag } from './tags.js';
import { tornIn, type Verification, verificationsIn } from './verifications.js';

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
  /** What the repository did not have before it; undefined in backups of older versions. */
  readonly addedBytes?: number;
  /** The VMs that it was made with. */
  readonly set?: BackupSet;
  /** No rule deletes it. */
  readonly kept?: true;
  /** What its last check found; only a list tells. */
  readonly verified?: Verification;
}

export function tagsOf({ id, uuid, restorePoints, bytes, addedBytes, set }: Backup): readonly string[] {
  const added = addedBytes === undefined ? [] : [`added:${addedBytes}`];
  return [
    backupTag(id),
    vmTag(uuid),
    `points:${restorePoints}`,
    `bytes:${bytes}`,
    ...added,
    ...(set === undefined ? [] : tagsOfSet(set)),
  ];
}

export function isBackupId(text: string): boolean {
  return /^[\da-f]{8}$/u.test(text);
}

/** Undefined for a snapshot whose tags somebody has changed. */
export function backupOf({ hostname, time, tags }: ResticSnapshot): Backup | undefined {
  const valueOf = (key: string): string => tags.find((tag) => tag.startsWith(`${key}:`))?.slice(key.length + 1) ?? '';
  const id = backupIdOf(tags);
  const added = valueOf('added');
  const set = setOf(valueOf);
  return isBackupId(id)
    ? {
        id,
        vm: hostname,
        uuid: valueOf('vm'),
        madeAt: Date.parse(time),
        restorePoints: Number(valueOf('points')) || 0,
        bytes: Number(valueOf('bytes')) || 0,
        ...(added !== '' && { addedBytes: Number(added) || 0 }),
        ...(set !== undefined && { set }),
        ...(tags.includes(keptTag) && { kept: true }),
      }
    : undefined;
}

/**
 * The oldest first. Where restic could not remove the snapshot that it has replaced to mark a backup, both are one.
 *
 * @param snapshots all in the repository
 */
export function backupsIn(snapshots: readonly ResticSnapshot[]): readonly Backup[] {
  const [verifications, torn] = [verificationsIn(snapshots), tornIn(snapshots)];
  const found = new Map<string, Backup>();
  for (const snapshot of snapshots) {
    const backup = snapshot.tags.includes(finishedTag) ? backupOf(snapshot) : undefined;
    if (backup !== undefined && !torn.has(backup.id)) {
      const verified = verifications.get(backup.id);
      found.set(backup.id, { ...found.get(backup.id), ...backup, ...(verified !== undefined && { verified }) });
    }
  }
  return [...found.values()];
}

/** The oldest first. @throws Failure of restic */
export async function listBackups(restic: Restic): Promise<readonly Backup[]> {
  return backupsIn(await restic.snapshots([]));
}

/** What restic calls it. @throws Failure `noBackup`; Failure of restic */
export async function requireBackup(restic: Restic, id: string): Promise<string> {
  const [snapshot] = isBackupId(id) ? await requireSnapshots(restic, id) : [];
  if (snapshot === undefined) {
    throw copiesFailure('noBackup', { id });
  }
  return snapshot.id;
}

/** That of a backup, or those of a set. @throws Failure `noBackup`; Failure of restic */
export async function requireSnapshots(restic: Restic, id: string): Promise<readonly ResticSnapshot[]> {
  const tag = isSetId(id) ? setTag(id) : isBackupId(id) ? backupTag(id) : undefined;
  const all = tag === undefined ? [] : await restic.snapshots([]);
  const torn = tornIn(all);
  const found = all.filter(
    ({ tags }) => tags.includes(finishedTag) && tags.includes(tag ?? '') && !torn.has(backupIdOf(tags)),
  );
  if (found.length === 0) {
    throw copiesFailure('noBackup', { id });
  }
  return found;
}

/** Those of a set, by the names of their VMs. @throws Failure `noBackup`; Failure of restic */
export async function requireSet(restic: Restic, id: string): Promise<readonly Backup[]> {
  return backupsIn(await requireSnapshots(restic, id)).toSorted((one, other) => (one.vm < other.vm ? -1 : 1));
}

// Whether a backup that is listed is what was looked at, where the program that made it was killed before it knew. Then
// the snapshot of restic's that it stored first is there still, and the listed one must be the same.
import { type Restic, type ResticSnapshot } from './restic.js';
import { isOfWing } from '../../../domain/failure.js';
import { backupIdOf, finishedTag, unfinishedTag } from './tags.js';
import { backupOf } from './backups.js';
import { recordTorn, tornIn } from './verifications.js';

interface BothSnapshots {
  readonly first: ResticSnapshot;
  readonly listed: ResticSnapshot;
}

/** By the IDs of the backups. In a repository that deletes nothing, all are such. */
export function unprovenIn(snapshots: readonly ResticSnapshot[]): ReadonlyMap<string, BothSnapshots> {
  const torn = tornIn(snapshots);
  const first = new Map<string, ResticSnapshot>();
  const found = new Map<string, BothSnapshots>();
  for (const one of snapshots.filter(({ tags }) => tags.includes(unfinishedTag))) {
    first.set(backupIdOf(one.tags), one);
  }
  for (const listed of snapshots.filter(({ tags }) => tags.includes(finishedTag))) {
    const id = backupIdOf(listed.tags);
    const stored = first.get(id);
    if (stored !== undefined && !torn.has(id)) {
      found.set(id, { first: stored, listed });
    }
  }
  return found;
}

/** Each is a look by restic. Where it may delete nothing, there are ever more of them. */
const mostPairs = 8;

/**
 * Records those that are torn.
 *
 * @returns the IDs of those of which restic cannot tell now. @throws Failure of restic
 */
export async function proveBackups(
  restic: Restic,
  snapshots: readonly ResticSnapshot[],
): Promise<{ readonly isRecorded: boolean; readonly unknown: ReadonlySet<string> }> {
  const unknown = new Set<string>();
  let isRecorded = false;
  const pairs = [...unprovenIn(snapshots)];
  for (const [id] of pairs.slice(0, -mostPairs)) {
    unknown.add(id);
  }
  for (const [id, { first, listed }] of pairs.slice(-mostPairs)) {
    const backup = backupOf(listed);
    const isSame = first.tree === listed.tree || (await hasSameContent(restic, first.id, listed.id));
    if (isSame === 'unknown') {
      unknown.add(id);
    } else if (!isSame && backup !== undefined) {
      await recordTorn(restic, backup);
      isRecorded = true;
    }
  }
  return { isRecorded, unknown };
}

/** Owners and times may differ: libvirt changes them when a VM starts. */
async function hasSameContent(restic: Restic, one: string, other: string): Promise<boolean | 'unknown'> {
  try {
    return !/^[^\s/]+ +\//mu.test(await restic.run(['diff', '--no-lock', one, other]));
  } catch (error) {
    if (!isOfWing(error, 'restic')) {
      throw error;
    }
    return 'unknown';
  }
}

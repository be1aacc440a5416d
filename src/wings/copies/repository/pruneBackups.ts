// Which backups a rule deletes, VM by VM, as restic's rules do; and their deletion. What is not a finished backup of
// ours is never in it.
import * as v from 'valibot';
import { mostAheadMs } from '../../../domain/clockText.js';
import { parseAs, parseJson } from '../../../journal/json.js';
import { type Backup, backupOf, backupsIn, requireSnapshots } from './backups.js';
import { copiesFailure } from '../copiesFailure.js';
import { unprovenIn } from './provenBackups.js';
import { type Restic, type ResticSnapshot } from './restic.js';
import { resticFailure } from './resticFailure.js';
import { backupIdOf, deviceTag, finishedTag, keptTag, unfinishedTag, verifiedTag } from './tags.js';

/** How many of the newest stay: of all, and one of each hour, day, week and month that has any. */
export const keepPeriods = ['last', 'hourly', 'daily', 'weekly', 'monthly'] as const;

export type KeepRule = Readonly<Partial<Record<(typeof keepPeriods)[number], number>>>;

export interface BackupPrune {
  /** These go, the oldest first. */
  readonly going: readonly Backup[];
  readonly stays: readonly Backup[];
  /** Those that our record does not name: another computer, an earlier version or restic by hand created them. */
  readonly foreign: readonly Backup[];
}

/**
 * @param rule without anything, no backup goes
 * @param chosen UUIDs of VMs; what it throws is thrown
 * @throws Failure `fromFuture`; Failure of restic
 */
export async function planBackupPrune(
  restic: Restic,
  rule: KeepRule,
  chosen: (found: readonly Backup[]) => readonly string[],
): Promise<BackupPrune> {
  const all = await restic.snapshots([]);
  const listed = backupsIn(all);
  const uuids = [...new Set(chosen(listed))];
  if (Object.keys(rule).length === 0) {
    return { going: [], stays: listed.filter(({ uuid }) => uuids.includes(uuid)), foreign: [] };
  }
  // What anybody can tag as a backup must not be the newest one that a rule keeps.
  const ours = await restic.own.filter(all);
  const found = ours.filter(({ tags }) => tags.includes(finishedTag));
  // A rule keeps the newest: as long as that one is there, each new backup would be deleted.
  const future = found.find((one) => Date.parse(one.time) > Date.now() + mostAheadMs);
  const ahead = future && backupOf(future);
  if (future !== undefined && ahead !== undefined && uuids.includes(ahead.uuid)) {
    const { id, madeAt } = ahead;
    throw copiesFailure('fromFuture', { id, madeAt, snapshot: future.id.slice(0, 8) });
  }
  const ids = new Set(found.map(({ tags }) => backupIdOf(tags)));
  const backups = listed.filter(({ id }) => ids.has(id));
  const foreign = listed.filter(({ id, uuid }) => !ids.has(id) && uuids.includes(uuid));
  const times = new Map(found.map(({ tags, time }) => [backupIdOf(tags), time]));
  const unproven = unprovenIn(all);
  const staying = new Set<Backup>();
  for (const uuid of uuids) {
    const own = backups.filter((one) => one.uuid === uuid);
    // One that failed its check may be the newest, and still another one is to be restored; so may one that is torn.
    const passed = own.filter(({ verified }) => verified?.passed !== false);
    for (const some of [own, passed, passed.filter(({ id }) => !unproven.has(id))]) {
      chooseByRule(some, rule, ({ id }) => ({ id, time: times.get(id) ?? '' })).forEach((one) => staying.add(one));
    }
  }
  const parts = { going: [] as Backup[], stays: [...foreign], foreign };
  for (const backup of backups.filter(({ uuid }) => uuids.includes(uuid))) {
    parts[staying.has(backup) || backup.kept === true ? 'stays' : 'going'].push(backup);
  }
  return parts;
}

/**
 * As `restic forget` does, which would count torn backups and those that failed.
 *
 * @param made of one VM, the oldest first. @param madeOf when, by the clock there: `2026-01-31T23:59:…`
 */
export function chooseByRule<T>(
  made: readonly T[],
  rule: KeepRule,
  madeOf: (one: T) => { readonly id: string; readonly time: string },
): readonly T[] {
  return keepPeriods.flatMap((period) => {
    const newest = new Map(
      made.map((one) => {
        const { id, time } = madeOf(one);
        return [periodOf(period, id, time), one];
      }),
    );
    const count = rule[period] ?? 0;
    return count === 0 ? [] : [...newest.values()].slice(-count);
  });
}

/** What all backups of one hour, day, week or month have in common. */
function periodOf(period: keyof KeepRule, id: string, time: string): string {
  const day = time.slice(0, 10);
  switch (period) {
    case 'last':
      return id;
    case 'hourly':
      return time.slice(0, 13);
    case 'daily':
      return day;
    case 'weekly':
      // From Monday to Sunday; the first of January 1970 was a Thursday.
      return String(Math.floor((Date.parse(`${day}T00:00:00Z`) / dayMs + 3) / 7));
    case 'monthly':
      return time.slice(0, 7);
  }
}

const dayMs = 24 * 60 * 60_000;

/** The backup that a person named. @throws Failure `noBackup`; Failure of restic */
export async function planNamedPrune(restic: Restic, id: string): Promise<BackupPrune> {
  const snapshots = await requireSnapshots(restic, id);
  return { going: backupsIn(snapshots), stays: [], foreign: [] };
}

/**
 * With what an interrupted restic left of them under the other tag.
 *
 * @param named a person did: our record may be missing
 * @throws Failure `nowKept`, Failure of restic
 */
export async function deleteBackups(restic: Restic, backups: readonly Backup[], named: boolean): Promise<void> {
  const ids = new Set(backups.map(({ id }) => id));
  const snapshotsNow = async (): Promise<readonly ResticSnapshot[]> => {
    const found = (await restic.snapshots([])).filter(({ tags }) => ids.has(backupIdOf(tags)));
    return named ? found.filter(({ tags }) => tags.some((tag) => ourTags.includes(tag))) : restic.own.filter(found);
  };
  const found = await snapshotsNow();
  const there = backupsIn(found);
  // Somebody may have marked it while a question waited.
  const kept = there.find((backup) => backup.kept === true);
  if (kept !== undefined) {
    throw copiesFailure('nowKept', { id: kept.id });
  }
  if (there.length < ids.size) {
    throw resticFailure('failed', 'some of the backups are gone already');
  }
  const going = found.map(({ id }) => id);
  await restic.run(['forget', ...going], { goesOn: true });
  const left = await snapshotsNow();
  if (left.length > 0) {
    throw resticFailure('failed', `it still has ${left.map(({ id }) => id).join(' ')}`);
  }
  await restic.own.forget(going);
}

/** One of them is on each snapshot that a version of this program made. */
const ourTags: readonly string[] = [finishedTag, unfinishedTag, deviceTag, verifiedTag];

/** Removes the data that no snapshot needs any more. @throws Failure of restic */
export async function freeSpace(restic: Restic): Promise<void> {
  await restic.run(['prune']);
}

/** @param id of a backup, or of a set. @throws Failure `noBackup`; Failure of restic */
export async function setKept(restic: Restic, id: string, kept: boolean): Promise<void> {
  const before = await requireSnapshots(restic, id);
  const own = await restic.own.filter(before);
  await restic.run(['tag', kept ? '--add' : '--remove', keptTag, ...before.map((one) => one.id)], { goesOn: true });
  // It makes others in their place.
  const after = await restic.snapshots([], { goesOn: true });
  const isNew = (one: ResticSnapshot): boolean => before.every((old) => old.id !== one.id);
  const isOwn = ({ original, tree }: ResticSnapshot): boolean =>
    own.some((old) => original === (old.original ?? old.id) && tree === old.tree);
  await restic.own.add(after.filter((one) => isNew(one) && isOwn(one)).map((one) => one.id));
}

/** Sets that lose some of their backups, with those that they keep. */
export function setsCut({ going, stays }: BackupPrune): readonly { readonly id: string; readonly stay: Backup[] }[] {
  const ids = new Set(going.flatMap(({ set }) => set?.id ?? []));
  return [...ids].flatMap((id) => {
    const stay = stays.filter(({ set }) => set?.id === id);
    return stay.length === 0 ? [] : [{ id, stay }];
  });
}

const statistics = v.object({ total_size: v.number() });

/** What all backups take in the repository, each part once. @throws Failure of restic */
export async function measureRepository(restic: Restic): Promise<number> {
  const tags = [finishedTag, deviceTag].map((tag) => `--tag=${tag}`);
  const answer = await restic.run(['stats', '--json', '--no-lock', '--mode=raw-data', ...tags]);
  const found = parseAs(statistics, parseJson(answer));
  if (found === undefined) {
    throw resticFailure('failed', 'its statistics cannot be read');
  }
  return found.total_size;
}

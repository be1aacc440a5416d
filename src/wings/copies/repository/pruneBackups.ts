// Which backups a rule deletes, VM by VM, as restic decides it; and their deletion. What is not a finished backup of
// ours is never in it.
import * as v from 'valibot';
import { parseAs, parseJson } from '../../../journal/json.js';
import { type Backup, backupOf, requireSnapshots } from './backups.js';
import { CopiesFault } from '../copiesFault.js';
import { type Restic, ResticFault } from './restic.js';
import { backupTag, finishedTag, keptTag, vmTag } from './tags.js';

/** How many of the newest stay: of all, and one of each hour, day, week and month that has any. */
export const keepPeriods = ['last', 'hourly', 'daily', 'weekly', 'monthly'] as const;

export type KeepRule = Readonly<Partial<Record<(typeof keepPeriods)[number], number>>>;

export interface BackupPrune {
  /** These go, the oldest first. */
  readonly going: readonly Backup[];
  readonly stays: readonly Backup[];
}

/** Clocks of computers differ. */
const mostAheadMs = 60 * 60_000;

/** @param uuids of VMs. @throws CopiesFault `fromFuture`; ResticFault */
export async function planBackupPrune(restic: Restic, rule: KeepRule, uuids: readonly string[]): Promise<BackupPrune> {
  const found = await restic.snapshots([finishedTag]);
  // A rule keeps the newest: as long as that one is there, each new backup would be deleted.
  const future = found.find((one) => Date.parse(one.time) > Date.now() + mostAheadMs);
  const ahead = future && backupOf(future);
  if (future !== undefined && ahead !== undefined && uuids.includes(ahead.uuid)) {
    const { id, madeAt } = ahead;
    throw new CopiesFault({ kind: 'fromFuture', id, madeAt, snapshot: future.id.slice(0, 8) });
  }
  const chosen = new Set<string>();
  for (const uuid of uuids) {
    (await chooseByRule(restic, rule, uuid)).forEach((id) => chosen.add(id));
  }
  const parts = { going: [] as Backup[], stays: [] as Backup[] };
  for (const snapshot of found) {
    const backup = backupOf(snapshot);
    if (backup !== undefined && uuids.includes(backup.uuid)) {
      parts[chosen.has(snapshot.id) && backup.kept !== true ? 'going' : 'stays'].push(backup);
    }
  }
  return parts;
}

const group = v.object({ remove: v.nullable(v.array(v.object({ id: v.string() }))) });

/** Each backup has tags of its own, so restic's groups by tags would keep all of them. */
async function chooseByRule(restic: Restic, rule: KeepRule, uuid: string): Promise<readonly string[]> {
  const answer = await restic.run([
    ...['forget', '--dry-run', '--no-lock', '--json', '--group-by=', `--tag=${finishedTag},${vmTag(uuid)}`],
    ...[`--keep-tag=${keptTag}`, ...keepPeriods.flatMap((period) => keepWord(period, rule[period]))],
  ]);
  const groups = parseAs(v.nullable(v.array(group)), parseJson(answer.trim() || 'null'));
  if (groups === undefined) {
    throw new ResticFault('failed', 'its choice by the rule cannot be read');
  }
  return (groups ?? []).flatMap(({ remove }) => (remove ?? []).map(({ id }) => id));
}

function keepWord(period: string, count: number | undefined): readonly string[] {
  return count === undefined ? [] : [`--keep-${period}=${count}`];
}

/** With what an interrupted restic left of them under the other tag. @throws ResticFault */
export async function deleteBackups(restic: Restic, backups: readonly Backup[]): Promise<void> {
  const tags = new Set(backups.map(({ id }) => backupTag(id)));
  const idsNow = async (): Promise<readonly string[]> =>
    (await restic.snapshots([])).filter((one) => one.tags.some((tag) => tags.has(tag))).map(({ id }) => id);
  const ids = await idsNow();
  if (ids.length < tags.size) {
    throw new ResticFault('failed', 'some of the backups are gone already');
  }
  await restic.run(['forget', ...ids], { goesOn: true });
  const left = await idsNow();
  if (left.length > 0) {
    throw new ResticFault('failed', `it still has ${left.join(' ')}`);
  }
}

/** Removes the data that no snapshot needs any more. @throws ResticFault */
export async function freeSpace(restic: Restic): Promise<void> {
  await restic.run(['prune']);
}

/** @param id of a backup, or of a set. @throws CopiesFault `noBackup`; ResticFault */
export async function setKept(restic: Restic, id: string, kept: boolean): Promise<void> {
  const ids = (await requireSnapshots(restic, id)).map((one) => one.id);
  await restic.run(['tag', kept ? '--add' : '--remove', keptTag, ...ids], { goesOn: true });
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

/** What all backups take in the repository, each part once. @throws ResticFault */
export async function measureRepository(restic: Restic): Promise<number> {
  const answer = await restic.run(['stats', '--json', '--no-lock', '--mode=raw-data', `--tag=${finishedTag}`]);
  const found = parseAs(statistics, parseJson(answer));
  if (found === undefined) {
    throw new ResticFault('failed', 'its statistics cannot be read');
  }
  return found.total_size;
}

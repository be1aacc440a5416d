// What `--json` and the library tell of backups and schedules.
import type { BackupInfo, ScheduleInfo } from '../../session/publicTypes.js';
import type { Backup } from './repository/backups.js';
import { withoutPassword } from './repository/repositoryAddress.js';
import type { BackupSet } from './repository/sets.js';
import type { ScheduleStatus } from './schedules/schedule.js';

export function backupInfo({ madeAt, ...backup }: Backup): BackupInfo {
  const { id, vm, uuid, restorePoints, bytes, addedBytes, kept = false, verified, set } = backup;
  return {
    ...{ id, vm, uuid, madeAt: isoTime(madeAt), restorePoints, bytes, kept },
    ...(addedBytes !== undefined && { addedBytes }),
    ...(set !== undefined && { set: setInfo(set) }),
    ...(verified !== undefined && { verified: { ...verified, at: isoTime(verified.at) } }),
  };
}

export function setInfo({ id, vms, moment }: BackupSet): NonNullable<BackupInfo['set']> {
  return { id, vms, ...(moment !== undefined && { moment: isoTime(moment) }) };
}

/** @param installed whether systemd or cron knows it */
export function scheduleInfo(status: ScheduleStatus, installed: boolean): ScheduleInfo {
  return { ...statusInfo(status), installed };
}

export function statusInfo({
  schedule,
  lastRun,
  state,
  nextAt,
  missedAt,
}: ScheduleStatus): Omit<ScheduleInfo, 'installed'> {
  const { name, system, vms, to, every, by, keep, checkpoint } = schedule;
  return {
    ...{ name, vms, every, by, keep, state },
    ...(to !== undefined && { to: withoutPassword(to) }),
    ...(system !== undefined && { system }),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(nextAt !== undefined && { nextAt: isoTime(nextAt) }),
    ...(missedAt !== undefined && { missedAt: isoTime(missedAt) }),
    ...(lastRun !== undefined && { lastRun: runInfo(lastRun) }),
  };
}

function runInfo(run: NonNullable<ScheduleStatus['lastRun']>): NonNullable<ScheduleInfo['lastRun']> {
  const { startedAt, endedAt, exitCode, messages, backups, deleted, snapshots } = run;
  return {
    startedAt: isoTime(startedAt),
    ...(endedAt !== undefined && { endedAt: isoTime(endedAt) }),
    ...(exitCode !== undefined && { exitCode }),
    ...{ messages: messages.map(withoutPassword), backups, deleted },
    ...(snapshots !== undefined && { snapshots }),
  };
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}

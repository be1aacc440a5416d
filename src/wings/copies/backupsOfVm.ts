// What is known of the backups of a VM without a look at any repository: what schedules made, and what was read before.
import type { VmView } from '../../live/views.js';
import { withoutPassword } from './repository/repositoryAddress.js';
import type { Verification } from './repository/verifications.js';
import type { ScheduleStatus } from './schedules/schedule.js';

/** One that was in a repository when that was read. */
export interface SeenBackup {
  readonly madeAt: number;
  readonly target: string;
  readonly verified?: Verification;
}

export interface BackupsOfVm {
  readonly newest?: SeenBackup;
  /** The last check of any. */
  readonly verified?: Verification;
  /** Those that back it up. */
  readonly schedules: readonly ScheduleStatus[];
}

export function backupsOfVm(
  view: Pick<VmView, 'ref'>,
  all: readonly ScheduleStatus[],
  seen: readonly SeenBackup[],
): BackupsOfVm {
  const schedules = all.filter((status) => isFor(status, view));
  const ran = schedules.flatMap(({ lastRun, schedule }) =>
    schedule.to !== undefined && lastRun?.vms?.includes(view.ref.uuid) === true
      ? [{ madeAt: lastRun.startedAt, target: withoutPassword(schedule.to) }]
      : [],
  );
  const [newest] = [...seen, ...ran].toSorted((one, other) => other.madeAt - one.madeAt);
  const [verified] = seen.flatMap((one) => one.verified ?? []).toSorted((one, other) => other.at - one.at);
  return { ...(newest !== undefined && { newest }), ...(verified !== undefined && { verified }), schedules };
}

/** Also for a later member of its system. Other hosts have VMs of the same name. */
export function isFor(
  { schedule: { refs = [] }, lastRun }: Pick<ScheduleStatus, 'schedule' | 'lastRun'>,
  { ref: { connection, uuid } }: Pick<VmView, 'ref'>,
): boolean {
  return refs.some((one) => one.connection === connection && (one.uuid === uuid || lastRun?.vms?.includes(uuid)));
}

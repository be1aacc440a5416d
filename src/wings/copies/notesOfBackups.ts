// What agents are told of the backups of VMs: what this computer knows of them. No repository is read, no key needed,
// and no program started.
import { untrustedLine } from '../../agents/guestText.js';
import type { Log } from '../../base/log.js';
import { asFailure } from '../../domain/asFailure.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmView } from '../../live/views.js';
import type { ScheduleInfo } from '../../session/publicTypes.js';
import type { VmNote } from '../../session/readers.js';
import { backupsOfVm, type SeenBackup } from './backupsOfVm.js';
import { statusInfo } from './copiesInfos.js';
import { readSchedules, ScheduleStore } from './schedules/scheduleStore.js';

const mostSchedules = 20;
const mostMessages = 5;

/**
 * Nothing where what is kept cannot be read: a VM is told of without it.
 *
 * @param seen what was in repositories when they were read last
 */
export async function readBackupNotes(
  folder: string,
  log: Log,
  seen: (view: VmView) => readonly SeenBackup[] = () => [],
): Promise<(view: VmView) => VmNote> {
  try {
    const { schedules } = await readSchedules(new ScheduleStore(folder, log), Date.now());
    return (view) => {
      const { newest, verified, schedules: own } = backupsOfVm(view, schedules, seen(view));
      return {
        brief: newest === undefined ? {} : { last_backup: isoTime(newest.madeAt) },
        whole: {
          backups: {
            ...(newest !== undefined && {
              last: { made_at: isoTime(newest.madeAt), repository: untrustedLine(newest.target) },
            }),
            ...(verified !== undefined && {
              last_check: { at: isoTime(verified.at), how: verified.how, passed: verified.passed },
            }),
            schedules: own.slice(0, mostSchedules).map((one) => scheduleAnswer(view, statusInfo(one))),
            ...(own.length > mostSchedules && { left_out: own.length - mostSchedules }),
          },
        },
      };
    };
  } catch (error) {
    log.warn(`What is known of backups cannot be read: ${asFailure(error).line}`);
    return () => ({ brief: {}, whole: { backups: { schedules: [] } } });
  }
}

function scheduleAnswer(
  view: VmView,
  { name, every, to, state, lastRun, nextAt, missedAt }: Omit<ScheduleInfo, 'installed'>,
): object {
  const messages = (lastRun?.messages ?? []).filter((line) => isAbout(line, view)).slice(0, mostMessages);
  return {
    ...{ name, every: untrustedLine(every), last_run: state },
    ...(to === undefined ? { takes: 'snapshots' } : { repository: untrustedLine(to) }),
    ...(lastRun !== undefined && { started_at: lastRun.startedAt }),
    ...(lastRun?.exitCode !== undefined && { exit_code: lastRun.exitCode }),
    ...(messages.length > 0 && { messages: messages.map((line) => untrustedLine(line)) }),
    ...(missedAt !== undefined && { missed_at: missedAt }),
    ...(nextAt !== undefined && { next_run: nextAt }),
  };
}

/** What went wrong with other VMs, which the agent may not see, is not told. */
function isAbout(message: string, { ref, vm }: VmView): boolean {
  return [vm.name, ref.uuid].some((about) => message.startsWith(`${displayLine(about)}: `));
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}

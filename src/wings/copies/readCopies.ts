// The backups in a repository and the schedules of this user, for programs. Changes nothing.
import { isAbsolute } from 'node:path';
import { copiesFailure } from './copiesFailure.js';
import { orNamed } from '../../domain/asFailure.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import type { Log } from '../../base/log.js';
import { displayLine } from '../../domain/plainText.js';
import { isFar } from '../../driver/sharedHost.js';
import type { BackupInfo, ScheduleInfo } from '../../session/publicTypes.js';
import type { RepositoryPlace } from '../../session/readers.js';
import type { Session } from '../../session/session.js';
import { backupInfo, scheduleInfo } from './copiesInfos.js';
import { listBackups } from './repository/backups.js';
import { isRemote } from './repository/repositoryAddress.js';
import { Restic } from './repository/restic.js';
import { Scheduler } from './schedules/installSchedule.js';
import type { ScheduleStatus } from './schedules/schedule.js';
import { readSchedules, ScheduleStore } from './schedules/scheduleStore.js';

export async function readBackups(place: RepositoryPlace): Promise<readonly BackupInfo[]> {
  const { session, repository, view, environment, passwordFile, signal } = place;
  const login = await loginOfHost(session, view?.ref.connection);
  if (login !== undefined && !isRemote(repository) && !isAbsolute(repository)) {
    throw copiesFailure('notAbsolute', { target: repository, host: login.hostname });
  }
  return orNamed({ target: repository }, async () => {
    const found = await listBackups(
      await Restic.open(repository, {
        login,
        environment,
        signal,
        ...(passwordFile !== undefined && { passwordFile }),
      }),
    );
    return found.filter(({ uuid }) => view === undefined || uuid === view.ref.uuid).map(backupInfo);
  });
}

/**
 * To the host on which restic runs.
 * @param connection absent, as where no VM is named: the only one, if that leads to another host
 */
export async function loginOfHost(session: Session, connection?: string): Promise<HostLogin | undefined> {
  if (connection !== undefined) {
    return session.engine.openHost(connection, 'toRead');
  }
  const [only, ...others] = session.engine.connections;
  if (only === undefined || others.length > 0 || !isFar(only.uri)) {
    return undefined;
  }
  await session.reachAll();
  return session.engine.openHost(only.uri, 'toRead');
}

/** A schedule, and whether systemd or cron knows it. */
export interface InstalledStatus {
  readonly status: ScheduleStatus;
  readonly installed: boolean;
}

/** By name. */
export async function readInstalled(
  store: ScheduleStore,
  scheduler: Scheduler,
): Promise<{ readonly found: readonly InstalledStatus[]; readonly unreadable: readonly string[] }> {
  const { schedules, unreadable } = await readSchedules(store, Date.now(), (...of) => scheduler.nextAfter(...of));
  const found = await Promise.all(
    schedules.map(async (status) => ({ status, installed: await scheduler.isInstalled(status.schedule) })),
  );
  return { found, unreadable };
}

export async function readScheduleInfos(
  folder: string,
  environment: NodeJS.ProcessEnv,
  log: Log,
): Promise<readonly ScheduleInfo[]> {
  const { found, unreadable } = await readInstalled(new ScheduleStore(folder, log), new Scheduler(environment));
  unreadable.forEach((name) => log.warn(`The schedule ${displayLine(name)} cannot be read.`));
  return found.map(({ status, installed }) => scheduleInfo(status, installed));
}

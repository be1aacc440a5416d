// Backups and schedules of a session, as the library lists them. Changes none.
import type { VmView } from '../live/views.js';
import type { Session } from '../session/session.js';
import type { LibrarySession } from './librarySession.js';
import type { BackupInfo, BackupOptions, ScheduleInfo } from './publicApi.js';

/** @param vmOf its backups alone; absent: all */
export function backupsIn(
  librarySession: LibrarySession,
  repository: string,
  { passwordFile, signal }: BackupOptions = {},
  vmOf?: (session: Session) => Promise<VmView>,
): Promise<readonly BackupInfo[]> {
  return librarySession.look(async (session) => {
    const view = await vmOf?.(session);
    const { readBackups } = await librarySession.readers.backups();
    return readBackups({
      ...{ session, repository, environment: process.env, signal: librarySession.signal(signal) },
      ...(view !== undefined && { view }),
      ...(passwordFile !== undefined && { passwordFile }),
    });
  });
}

export function allSchedules(librarySession: LibrarySession): Promise<readonly ScheduleInfo[]> {
  return librarySession.look(async ({ folder }) => {
    const { readScheduleInfos } = await librarySession.readers.backups();
    return readScheduleInfos(folder, process.env, librarySession.log);
  });
}

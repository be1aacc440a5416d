// The object that the library gives out: each call looks in a session, which is opened for it and closed with it.
import type { Session } from '../session/session.js';
import { readInfos } from '../session/infos.js';
import { systemInfo } from '../session/systemInfos.js';
import type { SystemInfo, VirtRewind } from './publicApi.js';
import { allSchedules, backupsIn } from './sessionCopies.js';
import { SessionLab } from './sessionLab.js';
import { SessionSystem } from './sessionSystem.js';
import { SessionVm } from './sessionVm.js';
import type { LibrarySession } from './librarySession.js';

export function createLibrary(librarySession: LibrarySession, close: () => Promise<void>): VirtRewind {
  return {
    list: () =>
      librarySession.look(async (session) => {
        const { views } = await session.reachAll();
        return readInfos(session, views, librarySession.log);
      }),
    find: (nameOrUuid) =>
      librarySession.look(async (session) => new SessionVm(librarySession, await session.vm(nameOrUuid))),
    newVm: (image, name, { signal, ...options } = {}) =>
      librarySession.act(async (session) => {
        const { log, shell, readers } = librarySession;
        const maker = await readers.newVms();
        const of = { session, log, shell, environment: process.env, signal: librarySession.signal(signal) };
        const { ref, ...made } = await maker.makeVm({ ...of, image, name, options, onNote: (line) => log.info(line) });
        return { vm: new SessionVm(librarySession, await session.vm(ref.uuid)), ...made };
      }),
    systems: () => librarySession.look(systemsOf),
    system: (name) => SessionSystem.open(librarySession, name),
    backups: (repository, options) => backupsIn(librarySession, repository, options),
    schedules: () => allSchedules(librarySession),
    lab: (file) => new SessionLab(librarySession, file),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function systemsOf(session: Session): Promise<readonly SystemInfo[]> {
  const systems = await session.systems();
  const { systems: all } = await systems.list();
  const looked: SystemInfo[] = [];
  for (const stored of all) {
    session.reachMembers(stored);
    looked.push(systemInfo(await systems.look(stored)));
  }
  return looked;
}

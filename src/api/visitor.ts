// What a visit is for who made it.
import type { Session } from '../session/session.js';
import { systemInfo } from '../session/systemInfos.js';
import type { SystemInfo, VirtRewind } from './publicApi.js';
import { SessionLab } from './sessionLab.js';
import { SessionSystem } from './sessionSystem.js';
import { SessionVm } from './sessionVm.js';
import type { Visit } from './visit.js';

export function visitor(visit: Visit, close: () => Promise<void>): VirtRewind {
  return {
    list: () =>
      visit.look(async (session) => {
        const { views } = await session.reachAll();
        return views.map((view) => session.infoOf(view));
      }),
    find: (nameOrUuid) => visit.look(async (session) => new SessionVm(visit, await session.vm(nameOrUuid))),
    systems: () => visit.look(systemsOf),
    system: (name) => SessionSystem.open(visit, name),
    lab: (file) => new SessionLab(visit, file),
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

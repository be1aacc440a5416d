// The library: one visit to the VMs, as promises.
import type { Log } from '../base/log.js';
import { Session } from '../session/session.js';
import { systemInfo } from '../session/systemInfos.js';
import { asError } from './asError.js';
import type { ConnectOptions, SystemInfo, VirtRewind } from './publicApi.js';
import { SessionLab } from './sessionLab.js';
import { SessionSystem } from './sessionSystem.js';
import { SessionVm } from './sessionVm.js';

/**
 * Nothing is connected before something is asked for.
 *
 * @param options a URI as virsh has it, or more
 */
export async function connect(options: string | ConnectOptions = {}): Promise<VirtRewind> {
  const { uri, log } = typeof options === 'string' ? { uri: options, log: undefined } : options;
  const session = await asError(() =>
    Session.open({
      ...(uri !== undefined && { connections: [uri] }),
      environment: process.env,
      log: logTo(log),
      shell: 'virt-rewind (library)',
    }),
  );
  const close = (): Promise<void> => session.close();
  return {
    list: () =>
      asError(async () => {
        const { views } = await session.reachAll();
        return views.map((view) => session.infoOf(view));
      }),
    find: (nameOrUuid) => asError(async () => new SessionVm(session, await session.vm(nameOrUuid))),
    systems: () => asError(() => systemsOf(session)),
    system: (name) => asError(() => SessionSystem.open(session, name)),
    lab: (file) => new SessionLab(session, file, logTo(log)),
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

function logTo(log: ConnectOptions['log']): Log {
  return {
    trace: (line) => log?.('trace', line),
    debug: (line) => log?.('debug', line),
    info: (line) => log?.('info', line),
    warn: (line) => log?.('warn', line),
    error: (line) => log?.('error', line),
  };
}

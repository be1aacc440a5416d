// Opens a connection to libvirt and puts the port over it; where it cannot be opened, says why.
import type { HostLogin } from '../../hosts/hostLogin.js';
import type { LoginOptions } from '../../hosts/login.js';
import { openConnection, type OpenOptions, sshTransports } from '../../libvirt/connect.js';
import type { Connection } from '../../libvirt/connection.js';
import { parseUri } from '../../libvirt/uri.js';
import { type Log, scopeLog } from '../../base/log.js';
import { Failure } from '../../domain/failure.js';
import { membershipOf } from './groupMember.js';
import { listen } from '../guestEvents.js';
import type { OpenHypervisor } from '../hypervisor.js';
import { isFar } from '../sharedHost.js';
import { deniedThere, withTrueReason } from './deniedEntry.js';
import { hasNoVms } from './metadataFolders.js';
import { readCapabilities } from './readCapabilities.js';
import { toFailure } from '../toFailure.js';
import { LibvirtHypervisor } from './libvirtHypervisor.js';

/** A guest may show a dialog instead of shutting down; after a minute somebody must be told. */
const guestPatienceMs = 60_000;

/**
 * @param environment where LIBVIRT_DEFAULT_URI, XDG_RUNTIME_DIR and the like are looked up
 * @param patience milliseconds that a guest may take to shut down or restart
 * @param answers who answers what a login at another host asks; nobody unless given
 * @param mayEndPools whether storage pools may be ended that another editor of ours has left
 * @param tpms the folder with the state of the daemon's TPMs, where it is not the usual one
 */
export function libvirtHypervisor(
  log: Log,
  environment: NodeJS.ProcessEnv,
  {
    patience = guestPatienceMs,
    mayEndPools = () => true,
    answers,
    tpms,
  }: {
    readonly patience?: number;
    readonly mayEndPools?: () => boolean;
    readonly answers?: OpenOptions['answers'];
    readonly tpms?: string;
  } = {},
): OpenHypervisor {
  return async (uri, signal, onLogin, readOnly = false) => {
    const own = scopeLog(log, uri);
    const open = (first: Pick<OpenOptions, 'signal' | 'onLogin'> = {}): Promise<Connection> =>
      openConnection(uri, { log: own, environment, answers, readOnly, ...first });
    let connection: Connection | undefined;
    try {
      connection = await open({ signal, onLogin });
      const [events, capabilities] = await Promise.all([listen(connection), readCapabilities(connection)]);
      return new LibvirtHypervisor({
        connection,
        capabilities,
        environment,
        uri,
        log: own,
        open,
        ...loginOf(uri, { log: own, environment }),
        patience,
        mayEndPools,
        tpms,
        ...events,
      });
    } catch (error) {
      connection?.close();
      const told = toFailure(error, { connection: uri, doing: 'connecting' });
      // Groups and folders of this computer say nothing of another.
      if (isFar(uri)) {
        throw deniedThere(told, uri);
      }
      const failure = await trueReason(told, own);
      throw failure.kind === 'unreachable' && (await hasNoVms(uri, environment))
        ? new Failure(failure.kind, { ...failure.details, hasNoVms: true }, { cause: error })
        : failure;
    }
  };
}

/** Shares the login of the connection, and asks nobody anything. None where no login leads to the daemon. */
function loginOf(
  uri: string,
  options: Pick<LoginOptions, 'log' | 'environment'>,
): Partial<Pick<HostLogin, 'openShell' | 'sshHost'>> {
  const parsed = parseUri(uri);
  return sshTransports.has(parsed.transport)
    ? {
        openShell: async () =>
          (await import('../../libvirt/sshTransport.js')).openSshShell(parsed, {
            ...options,
            answers: 'nobody',
            onLogin: () => undefined,
          }),
        sshHost: async () => (await import('../../libvirt/sshTransport.js')).sshHost(parsed),
      }
    : {};
}

async function trueReason(failure: Failure, log: Log): Promise<Failure> {
  const { group } = failure.details;
  try {
    return group === undefined ? failure : withTrueReason(failure, await membershipOf(group));
  } catch (error) {
    log.debug(`who is in the group ${group} cannot be read: ${String(error)}`);
    return withTrueReason(failure, 'unknown');
  }
}

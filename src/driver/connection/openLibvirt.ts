// Opens a connection to libvirt and puts the port over it; where it cannot be opened, says why.
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { HostLogin } from '../../hosts/hostLogin.js';
import type { LoginOptions } from '../../hosts/login.js';
import { openConnection, type OpenOptions, sshTransports } from '../../libvirt/connect.js';
import type { Connection } from '../../libvirt/connection.js';
import { parseUri } from '../../libvirt/uri.js';
import { type Log, scopeLog } from '../../base/log.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { listen } from '../guestEvents.js';
import type { OpenHypervisor } from '../hypervisor.js';
import { isFar, hostOf } from '../sharedHost.js';
import { hasNoVms } from './metadataFolders.js';
import { toFailure } from '../toFailure.js';
import { LibvirtHypervisor } from './libvirtHypervisor.js';
import { errorCodes, LibvirtError, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Capabilities } from '../../domain/capabilities.js';
import { find, findAll, parseXml, textOf, type XmlElement } from '../xml/xmlTree.js';

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

/**
 * What libvirt and GLib say when the service that decides cannot be asked; the daemon's words are never translated
 * here. A polkit that has no agent to ask a person with (VIR_ERR_AUTH_UNAVAILABLE) has decided.
 */
const nobodyToAsk = /system bus|PolicyKit|pkcheck/iu;
/** GLib's words: libvirt waits 30 s for polkit (virgdbus.c), and polkit for a person. */
const overTime = /timeout was reached/iu;

/**
 * | denied by  | libvirt says                        | the user is in the group | → helps |
 * |------------|-------------------------------------|--------------------------|---------|
 * | the check  | that it has nobody to ask (no bus, no polkit) | any            | `noPolkit`: the service |
 * | the check  | that its time is over               | any                      | `lateAnswer`, and the group |
 * | either     | anything else                       | no, or not known         | the group |
 * | either     | anything else                       | yes, since this process began | `newLogin` |
 * | either     | anything else                       | yes                      | neither: what libvirt says is told |
 *
 * @param failure of kind `denied`, with the group that opens the socket
 */
export function withTrueReason(failure: Failure, member: Membership): Failure {
  const { group, ...others } = failure.details;
  if (failure.kind !== 'denied' || group === undefined) {
    return failure;
  }
  const as = (details: FailureDetails): Failure => new Failure('denied', details, { cause: failure.cause });
  if (nobodyToAsk.test(others.libvirtMessage ?? '')) {
    return as({ ...others, entry: 'noPolkit' });
  }
  if (overTime.test(others.libvirtMessage ?? '')) {
    return as({ ...others, entry: 'lateAnswer', ...(member !== 'in' && { group }) });
  }
  switch (member) {
    case 'in':
      return as(others);
    case 'later':
      return as({ ...others, entry: 'newLogin' });
    case 'out':
    case 'unknown':
      return failure;
  }
}

/** Says which group gives access on the other host of the daemon. */
export function deniedThere(failure: Failure, uri: string): Failure {
  const { group, ...details } = failure.details;
  const host = hostOf(uri) ?? '';
  return failure.kind !== 'denied' || group === undefined || host === ''
    ? failure
    : new Failure('denied', { ...details, login: { why: 'denied', host, group } }, { cause: failure.cause });
}

/** libvirt 9.0 deletes external snapshots; no capability tells it. */
const externalDeleteSince = 9_000_000;

async function readCapabilities(connection: Connection): Promise<Capabilities> {
  const [{ type }, { libVer }, { hvVer }, { hostname }, { capabilities }, served, firmware] = await Promise.all([
    connection.call('connectGetType', {}),
    connection.call('connectGetLibVersion', {}),
    connection.call('connectGetVersion', {}),
    connection.call('connectGetHostname', {}),
    connection.call('connectGetCapabilities', {}),
    undefinedOnCode(errorCodes.VIR_ERR_NO_SUPPORT, connection.call('connectGetUri', {})),
    firmwareUuid(connection),
  ]);
  const serves = served && servedPath(served.uri);
  const told = parseXml(capabilities);
  const hostUuid = hostUuidIn(told);
  return {
    driver: driverOf(type),
    libvirt: libVer,
    hypervisor: hvVer,
    hostname,
    ...(hostUuid === undefined ? {} : { hostUuid }),
    ...(hostUuid !== undefined && hostUuid === firmware && { hostUuidLasts: true }),
    ...(serves !== undefined && { serves }),
    readOnly: connection.readOnly,
    ...appArmorIn(told),
    ...fileOwnerIn(told),
    externalRevert: revertsExternal(told),
    externalDelete: libVer >= externalDeleteSince,
  };
}

/** virConnectGetType answers with the driver's own name. */
function driverOf(type: string): Capabilities['driver'] {
  switch (type) {
    case 'QEMU':
      return 'qemu';
    case 'Test':
    case 'TEST':
      return 'test';
    default:
      return 'other';
  }
}

/** Without what a client may have added. */
function servedPath(uri: string): string | undefined {
  return /^[a-z\d]+:(?:\/\/)?(\/[^?#]*)/iu.exec(uri)?.[1];
}

/** `<host><uuid>`: the test driver has none. */
function hostUuidIn(capabilities: XmlElement): string | undefined {
  const uuid = textOf(find(capabilities, 'host', 'uuid'))
    ?.trim()
    .toLowerCase();
  return uuid === '' ? undefined : uuid;
}

/** Undefined: the host has none, or libvirt has no dmidecode to read it with. */
async function firmwareUuid(connection: Connection): Promise<string | undefined> {
  try {
    const { sysinfo } = await connection.call('connectGetSysinfo', { flags: 0 });
    return firmwareUuidIn(parseXml(sysinfo));
  } catch (error) {
    if (error instanceof LibvirtError) {
      return undefined;
    }
    throw error;
  }
}

/** `<system><entry name='uuid'>` of `<sysinfo type='smbios'>`. */
export function firmwareUuidIn(sysinfo: XmlElement): string | undefined {
  const entry = findAll(find(sysinfo, 'system'), 'entry').find(({ attributes }) => attributes['name'] === 'uuid');
  return textOf(entry)?.trim().toLowerCase();
}

/** The security models that libvirt uses: dac always, where it tells any. */
export function appArmorIn(capabilities: XmlElement): Pick<Capabilities, 'appArmor'> {
  const models = findAll(find(capabilities, 'host'), 'secmodel').map((one) => textOf(find(one, 'model')));
  return models.length === 0 ? {} : { appArmor: models.includes('apparmor') };
}

/** `<baselabel type='qemu'>+64055:+64055</baselabel>` of the model dac. */
export function fileOwnerIn(capabilities: XmlElement): Pick<Capabilities, 'fileOwner'> {
  const dac = findAll(find(capabilities, 'host'), 'secmodel').find((one) => textOf(find(one, 'model')) === 'dac');
  const [, user, group] = /^\+?(\d+):\+?(\d+)$/u.exec(textOf(dac && find(dac, 'baselabel'))?.trim() ?? '') ?? [];
  return user === undefined || Number(user) === 0 ? {} : { fileOwner: `${user}:${String(group)}` };
}

/** `<externalSnapshot/>` among the features of a guest: libvirt 9.9 and newer. */
export function revertsExternal(capabilities: XmlElement): boolean {
  return findAll(capabilities, 'guest').some((guest) => find(guest, 'features', 'externalSnapshot') !== undefined);
}

// Whether this process may use what belongs to a group of this host. Reads the host's own list of groups alone: what a
// directory service adds is seen only where the process has it already.

/** `later`: the user is in it, and this process began before. `unknown`: there is no such group in the list. */
export type Membership = 'in' | 'later' | 'out' | 'unknown';

const groupsFile = '/etc/group';

export async function membershipOf(group: string): Promise<Membership> {
  const { username, gid } = userInfo();
  const ours = [gid, process.getegid?.() ?? gid, ...(process.getgroups?.() ?? [])];
  return membershipIn(await readFile(groupsFile, 'utf8'), group, username, ours);
}

/** @param list lines `name:password:number:members`; @param ours the groups that this process has */
export function membershipIn(list: string, group: string, user: string, ours: readonly number[]): Membership {
  for (const line of list.split('\n')) {
    const [name, , number = '', members = ''] = line.split(':');
    if (name === group && /^\d+$/u.test(number)) {
      return ours.includes(Number(number)) ? 'in' : members.split(',').includes(user) ? 'later' : 'out';
    }
  }
  return 'unknown';
}

// Errors of the client become failures that a user can be told of: by code, by class, by errno.
// Knows no sentences; libvirt's own text is passed on as untrusted detail.
import {
  AuthenticationFailed,
  ConnectionLost,
  errorCodes as code,
  LibvirtError,
  ProtocolViolation,
  Unreachable,
  UnsupportedUri,
  errorCodes,
} from '../libvirt/libvirtError.js';
import { HostUnreachable } from '../hosts/login.js';
import { Failure, type FailureDetails, type FailureKind } from '../domain/failure.js';
import { lockedImage } from '../domain/imageLock.js';
import { XmlError } from './xml/xmlTree.js';

/** Codes that are not in this table are `failed` or `noSpace`: only libvirt's own text says what went wrong. */
const kindByCode: ReadonlyMap<number, FailureKind> = new Map<number, FailureKind>([
  [code.VIR_ERR_NO_SUPPORT, 'unsupported'],
  [code.VIR_ERR_INVALID_ARG, 'invalid'],
  [code.VIR_ERR_XML_ERROR, 'invalid'],
  [code.VIR_ERR_XML_DETAIL, 'invalid'],
  [code.VIR_ERR_OPERATION_DENIED, 'denied'],
  [code.VIR_ERR_AUTH_FAILED, 'denied'],
  [code.VIR_ERR_AUTH_CANCELLED, 'denied'],
  [code.VIR_ERR_AUTH_UNAVAILABLE, 'denied'],
  [code.VIR_ERR_ACCESS_DENIED, 'denied'],
  [code.VIR_ERR_NO_DOMAIN, 'notFound'],
  [code.VIR_ERR_NO_DOMAIN_SNAPSHOT, 'notFound'],
  [code.VIR_ERR_NO_STORAGE_VOL, 'notFound'],
  [code.VIR_ERR_STORAGE_VOL_EXIST, 'exists'],
  [code.VIR_ERR_CONFIG_UNSUPPORTED, 'unsupported'],
  [code.VIR_ERR_ARGUMENT_UNSUPPORTED, 'unsupported'],
  [code.VIR_ERR_OPERATION_UNSUPPORTED, 'unsupported'],
  [code.VIR_ERR_OPERATION_TIMEOUT, 'busy'],
  [code.VIR_ERR_BLOCK_COPY_ACTIVE, 'busy'],
  [code.VIR_ERR_RESOURCE_BUSY, 'busy'],
  [code.VIR_ERR_OPERATION_ABORTED, 'cancelled'],
]);

const kindByHostReason: Readonly<Record<HostUnreachable['reason'], FailureKind>> = {
  noProgram: 'unsupported',
  noAnswer: 'unreachable',
  silent: 'unreachable',
  noSession: 'busy',
  noScript: 'unreachable',
  refused: 'denied',
  untrusted: 'denied',
  noCertificate: 'denied',
  noLibvirt: 'unreachable',
  noRelay: 'unreachable',
  denied: 'denied',
  noMechanism: 'unsupported',
  noCredentials: 'denied',
  badCredentials: 'denied',
  notProven: 'denied',
};

/** These mean that the socket itself is closed to this user: members of the group may open it. */
const closedToUser: ReadonlySet<number> = new Set([
  code.VIR_ERR_AUTH_FAILED,
  code.VIR_ERR_AUTH_CANCELLED,
  code.VIR_ERR_AUTH_UNAVAILABLE,
]);

/** Who may open the system's socket; the name is the same in all distributions that have the group. */
const group = 'libvirt';

const ENOSPC = 28;
/**
 * strerror's words, and QEMU's number where QEMU puts it: it has no code of its own, so a full disk reaches us under
 * those of libvirt that say nothing. A name of a VM or a file may hold the number too, as in `web-28`.
 */
const noSpaceText = /no space left on device|: -28\s*$|\(-28\)/i;

/** Never throws; a Failure comes back as it is. `details` says what was being done, and to what. */
export function toFailure(error: unknown, details: FailureDetails = {}): Failure {
  if (error instanceof Failure) {
    return error;
  }
  const make = (kind: FailureKind, more: FailureDetails = {}): Failure =>
    new Failure(kind, { ...about(error, details), ...more }, { cause: error });
  if (error instanceof LibvirtError) {
    return make(kindOfLibvirtError(error), {
      libvirtMessage: error.message,
      libvirtCode: error.code,
      ...(closedToUser.has(error.code) ? { group } : {}),
      ...(jobHolder(error) === 'nobody' ? { heldByNobody: true } : {}),
    });
  }
  if (error instanceof ConnectionLost) {
    return make('lost');
  }
  if (error instanceof ProtocolViolation) {
    return make('protocol', { libvirtMessage: error.message });
  }
  // One document cannot be read; the connection is good.
  if (error instanceof XmlError) {
    return make('failed', { libvirtMessage: error.message });
  }
  if (error instanceof Unreachable) {
    return error.reason === 'denied'
      ? make('denied', { path: error.path, group })
      : make('unreachable', { path: error.path });
  }
  if (error instanceof HostUnreachable) {
    const { reason, host, more } = error;
    return make(kindByHostReason[reason], { login: { why: reason, host, ...more } });
  }
  if (error instanceof AuthenticationFailed) {
    const cause = error.cause instanceof LibvirtError ? error.cause : undefined;
    const said = cause === undefined ? {} : { libvirtMessage: cause.message, libvirtCode: cause.code };
    return make('denied', { group, ...said });
  }
  if (error instanceof UnsupportedUri) {
    const { uri: connection, transport, parameter } = error;
    return make(transport === undefined ? 'invalid' : 'unsupported', {
      connection,
      ...(parameter !== undefined && { parameter }),
    });
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return make('cancelled');
  }
  return make('failed', { libvirtMessage: error instanceof Error ? error.message : String(error) });
}

/** What that gives; it rejects with a Failure that says what was being done. */
export async function failingWith<T>(details: FailureDetails, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toFailure(error, details);
  }
}

/** Leaves the snapshot out where the VM itself is missing: the message must not name the snapshot as lost. */
function about(error: unknown, { snapshot, ...others }: FailureDetails): FailureDetails {
  const vmIsGone = error instanceof LibvirtError && error.code === code.VIR_ERR_NO_DOMAIN;
  return snapshot === undefined || vmIsGone ? others : { ...others, snapshot };
}

function kindOfLibvirtError(error: LibvirtError): FailureKind {
  if (error.errno === ENOSPC) {
    return isEmptyCpuset(error) ? 'failed' : 'noSpace';
  }
  const byText = lockedImage(error.message) === undefined ? 'failed' : 'busy';
  return kindByCode.get(error.code) ?? (noSpaceText.test(error.message) ? 'noSpace' : byText);
}

/**
 * | answer                     | →        |
 * |----------------------------|----------|
 * | no such                    | `none`   |
 * | timed out, names a holder  | `worker` |
 * | timed out, names no holder | `nobody`: a daemon that was killed in a start or a snapshot keeps the job now and then, for good (9.0, 11.3, 12.8) |
 */
export function jobHolder({ code, message }: Pick<LibvirtError, 'code' | 'message'>): 'none' | 'worker' | 'nobody' {
  if (code !== errorCodes.VIR_ERR_OPERATION_TIMEOUT) {
    return 'none';
  }
  // Whatever language the words are in: "(held by monitor=remoteDispatchDomainSave)".
  return /(?:monitor|agent)=/u.test(message) ? 'worker' : 'nobody';
}

// With control groups of version 1, libvirt makes the group of all its VMs with the first that starts, and gives it
// processors a moment later (`virCgroupV1MakeGroup`): a VM that starts in between gets none, and fails as if a disk
// were full.

/** The path is in no language. */
const groupFile = /\/[\w,]*\bcpuset\b.*\/(?:tasks|cgroup\.procs)\b/u;

function isEmptyCpuset(error: unknown): boolean {
  return error instanceof LibvirtError && error.errno === ENOSPC && groupFile.test(error.message);
}

/** Starts once more where that was the reason: the VM is off then, and the group has its processors by now. */
export async function besideFirstStart<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!isEmptyCpuset(error)) {
      throw error;
    }
    return start();
  }
}

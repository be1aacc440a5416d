// What libvirt's storage API refuses becomes a `Failure`, or the reason why nothing can be done in a folder.
import { type FailureKind, type FailureDetails, Failure } from '../../domain/failure.js';
import type { CannotAct } from '../../domain/hostFiles.js';
import { LibvirtError, errorCodes as code } from '../../libvirt/libvirtError.js';
import { toFailure } from '../toFailure.js';
import { FolderSilent, NoFolder } from './folderPools.js';

export const errnos: ReadonlyMap<number, FailureKind> = new Map<number, FailureKind>([
  [1, 'denied'],
  [2, 'notFound'],
  [13, 'denied'],
  [17, 'exists'],
  [30, 'denied'],
]);

/**
 * What libvirt says of a request that is good: a file is there although its list does not have it, or is being made or
 * copied.
 */
const invalidKinds: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['storageVolCreateXml', 'exists'],
  ['storageVolCreateXmlFrom', 'exists'],
  ['storageVolDelete', 'busy'],
]);

export function actFailure(error: unknown, details: FailureDetails): Failure {
  if (error instanceof LibvirtError) {
    const kind =
      error.code === code.VIR_ERR_OPERATION_INVALID ? invalidKinds.get(error.procedure) : errnos.get(error.errno ?? 0);
    if (kind !== undefined) {
      const more = { libvirtMessage: error.message, libvirtCode: error.code };
      return new Failure(kind, { ...details, ...more }, { cause: error });
    }
  }
  if (error instanceof FolderSilent) {
    // Before anything was changed: only the look at the folder has a limit.
    return new Failure('failed', { ...details, libvirtMessage: error.message }, { cause: error });
  }
  return error instanceof NoFolder
    ? new Failure('unsupported', { ...details, libvirtMessage: error.message }, { cause: error })
    : toFailure(error, details);
}

export function cannotAct(error: unknown, uri: string): CannotAct {
  if (error instanceof FolderSilent) {
    return { why: 'silent', said: error.message };
  }
  const failure = actFailure(error, { connection: uri, doing: 'looking at a folder' });
  if (failure.kind === 'lost' || failure.kind === 'protocol' || failure.kind === 'unreachable') {
    throw failure;
  }
  const noDriver = error instanceof LibvirtError && error.code === code.VIR_ERR_NO_SUPPORT;
  const why =
    failure.kind === 'notFound'
      ? 'folderMissing'
      : failure.kind === 'denied'
        ? 'denied'
        : noDriver
          ? 'noStorageDriver'
          : 'failed';
  return { why, said: failure.message };
}

// What goes wrong with a file of this computer while it is copied.
import { errnoOf } from '../base/errno.js';
import type { Failure } from '../domain/failure.js';
import { copyFailure, type FileFault } from '../text/guests/copyFailure.js';

const hostFaults: Readonly<Record<string, FileFault>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EEXIST: 'exists',
  EISDIR: 'folder',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'readOnly',
  ENOSPC: 'full',
  EDQUOT: 'full',
};

/** What the system says of a file; anything else as it is. */
export async function withHostFault<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asHostFault(error, path);
  }
}

export function asHostFault(error: unknown, path: string): unknown {
  const code = errnoOf(error);
  return code === undefined ? error : hostFault(hostFaults[code] ?? 'other', path, (error as Error).message);
}

export function hostFault(fault: FileFault, path: string, said: string): Failure {
  return copyFailure(fault, { at: 'host', path, said });
}

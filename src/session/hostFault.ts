// What goes wrong with a file of this computer while it is copied.
import { errnoOf } from '../base/errno.js';
import { CopyStopped, type FileFault } from './copyStopped.js';

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

/** @throws CopyStopped */
export async function withHostFault<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asHostFault(error, path);
  }
}

export function asHostFault(error: unknown, path: string): CopyStopped {
  const said = error instanceof Error ? error.message : String(error);
  return hostFault(hostFaults[errnoOf(error) ?? ''] ?? 'other', path, said);
}

export function hostFault(fault: FileFault, path: string, said: string): CopyStopped {
  return new CopyStopped({ kind: 'file', at: 'host', fault, path, said });
}

// Turns the errors of readers of disks and file systems into the failures that people see.
import type { Failure } from '../../domain/failure.js';
import { DiskError } from './bytes/disk.js';
import { insideFailure } from './insideFailure.js';
import { FileSystemError } from './read/guestFileSystem.js';

/** @param path as it was asked for */
export function readFailure(error: FileSystemError | DiskError, path: string): Failure {
  if (error instanceof DiskError) {
    return insideFailure('diskUnreadable', { said: error.message });
  }
  const { fault, detail } = error;
  return insideFailure(fault, { path: path === '' ? detail : path, detail });
}

/** Anything else as it is. */
export function asReadFailure(error: unknown, path: string): unknown {
  return error instanceof FileSystemError || error instanceof DiskError ? readFailure(error, path) : error;
}

/** @throws Failure, and what `read` throws otherwise */
export async function orReadFailure<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw asReadFailure(error, path);
  }
}

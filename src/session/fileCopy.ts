// What a copy of a file into a guest or out of it is made of, and what is the same in both directions.
import { withFacts } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import { copyFailure, type LeftPart } from '../text/guests/copyFailure.js';
import type { GuestFiles, GuestFilesOptions } from './guestFiles.js';

export interface FileCopy {
  readonly to: 'guest' | 'host';
  /** Absolute. A folder stands for a file in it that is called as the source is. */
  readonly guestPath: string;
  readonly hostPath: string;
  /** What is there already may be replaced. */
  readonly overwrite: boolean;
}

interface CopyProgress {
  readonly bytes: number;
  /** Undefined where the guest tells none. */
  readonly totalBytes?: number;
}

export interface CopyOptions extends GuestFilesOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface CopiedFile {
  /** Where it is now. */
  readonly path: string;
  readonly bytes: number;
}

/** Closes the file in the guest however `work` ends. */
export async function withOpenFile<T>(
  files: Pick<GuestFiles, 'closeFile'>,
  handle: number,
  path: string,
  work: () => Promise<T>,
): Promise<T> {
  let done: T;
  try {
    done = await work();
  } catch (error) {
    // Why it broke off is what is to be told; who has gone closes nothing, and holds nothing either.
    await files.closeFile(handle, path).catch(() => undefined);
    throw error;
  }
  await files.closeFile(handle, path);
  return done;
}

export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) {
    throw copyFailure('cancelled');
  }
}

/** What was no end of a copy is one now. */
export function withLeft(error: unknown, left: LeftPart): Failure {
  return error instanceof Failure && error.details.reason !== undefined
    ? withFacts(error, { left })
    : copyFailure('lost', { said: String(error), left });
}

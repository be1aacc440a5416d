// Looks at files of a computer. Changes nothing; what may not be looked at is `unknown`, and a folder that hangs is
// given up.
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasCode, isAbsent } from '../../base/errno.js';
import type { FileSystem } from '../../base/fileSystem.js';
import { isDevicePath } from '../../domain/devicePath.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { type FolderNames, type Observation, type FileFacts, identityOf, type Space } from '../../domain/hostFiles.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { factsOf } from '../../qemu/fileFacts.js';
import { OutOfReach, type Turns } from './fileTurns.js';

const mostNames = 10_000;

const hidden = ['EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG'];

/** UEFI variables and the state of a TPM are smaller. */
const mostReadBytes = 4 * 1024 * 1024;

/** Looks in turns at the files of one computer. */
export class FileLooks {
  readonly #files: FileSystem;
  readonly #turns: Turns;
  /** Folders that are about to be looked at, for all whose files were just not found in them. */
  readonly #foldersAsked = new Map<string, Promise<boolean>>();

  constructor(files: FileSystem, turns: Turns) {
    this.#files = files;
    this.#turns = turns;
  }

  file(path: string): Promise<Observation<FileFacts>> {
    return this.look(path, async () => {
      const own = await this.#files.lstat(path);
      if (!own.isSymbolicLink()) {
        return (await factsOf(own, this.#files)) ?? 'unknown';
      }
      try {
        const facts = await factsOf(await this.#files.stat(path), this.#files);
        return facts === undefined ? 'unknown' : { ...facts, isLink: true };
      } catch (error) {
        // A link that leads nowhere: there is no file, but the name is taken.
        if (hasCode(error, 'ENOENT')) {
          return 'unknown';
        }
        throw error;
      }
    });
  }

  async isNoFile(path: string): Promise<boolean> {
    try {
      const readStats = async (): Promise<boolean> =>
        (await factsOf(await this.#files.stat(path), this.#files)) === undefined;
      return isPath(path) && (await this.#turns.within(dirname(path), readStats));
    } catch {
      // Whatever the reason: then it is not certain.
      return false;
    }
  }

  async isTaken(path: string): Promise<boolean> {
    try {
      return isPath(path) && (await this.#turns.within(dirname(path), () => this.#files.lstat(path).then(() => true)));
    } catch {
      // Whatever the reason: no name is seen.
      return false;
    }
  }

  async look<T>(path: string, read: () => Promise<Observation<T>>): Promise<Observation<T>> {
    if (!isPath(path)) {
      return 'unknown';
    }
    try {
      return await this.#turns.within(dirname(path), read);
    } catch (error) {
      if (error instanceof OutOfReach) {
        return 'unknown';
      }
      const seen = withoutAccess(error, 'missing', 'unknown', { doing: 'looking at a file', path });
      return seen === 'missing' && !(await this.#isMissing(path)) ? 'unknown' : seen;
    }
  }

  async identity(path: string): Promise<string | undefined> {
    try {
      const numbers = isPath(path)
        ? await this.#turns.within(dirname(path), () => this.#files.numbers(path))
        : undefined;
      return numbers?.isFile() === true ? identityOf(numbers) : undefined;
    } catch {
      // Whatever the reason: it is not seen.
      return undefined;
    }
  }

  async sum(path: string): Promise<string | undefined> {
    const bytes = await this.content(path);
    return bytes && createHash('sha256').update(bytes).digest('hex');
  }

  async content(path: string): Promise<Uint8Array | undefined> {
    try {
      const bytes = isPath(path)
        ? await this.#turns.within(dirname(path), () => this.#files.readText(path, mostReadBytes + 1))
        : undefined;
      return bytes === undefined || bytes.length > mostReadBytes ? undefined : Buffer.from(bytes, 'latin1');
    } catch {
      return undefined;
    }
  }

  async list(folder: string): Promise<FolderNames> {
    if (!isPath(folder)) {
      return 'unseen';
    }
    try {
      return (await this.#turns.within(folder, () => this.#files.names(folder, mostNames))) ?? 'tooMany';
    } catch (error) {
      if (error instanceof OutOfReach) {
        return 'unseen';
      }
      return withoutAccess(error, 'unseen', 'unseen', { doing: 'listing a folder', path: folder });
    }
  }

  async space(folder: string): Promise<Space | undefined> {
    if (!isPath(folder)) {
      return undefined;
    }
    try {
      return await this.#turns.within(folder, () => this.#files.space(folder));
    } catch {
      // Whatever the reason: how much is free is not known.
      return undefined;
    }
  }

  /**
   * Certain only where the folder is there: a whole folder that is not may be a share that is not mounted, or hidden
   * from an editor in a container. One look, a moment later, is for all that are found missing in a folder at the same
   * time. Folders of devices go with the last device in them, as with a volume group that is switched off.
   */
  #isMissing(path: string): Promise<boolean> {
    const folder = isDevicePath(path) ? '/dev' : dirname(path);
    const asked =
      this.#foldersAsked.get(folder) ??
      nextTurn().then(() => {
        this.#foldersAsked.delete(folder);
        return this.#isFolder(folder);
      });
    this.#foldersAsked.set(folder, asked);
    return asked;
  }

  async #isFolder(path: string): Promise<boolean> {
    try {
      return await this.#turns.within(path, async () => (await this.#files.stat(path)).isDirectory());
    } catch {
      // Whatever the reason: then nothing is known of what is in it.
      return false;
    }
  }
}

/** What a look comes to that the file system refuses. */
function withoutAccess<M, U>(error: unknown, missing: M, unknown: U, details: FailureDetails): M | U {
  if (isAbsent(error)) {
    return missing;
  }
  if (hasCode(error, ...hidden)) {
    return unknown;
  }
  throw fileFailure(error, details);
}

export function isPath(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0');
}

/** @throws Failure `invalid` */
export function requirePaths(details: FailureDetails, ...paths: readonly string[]): void {
  for (const path of paths) {
    if (!isPath(path)) {
      throw new Failure('invalid', { ...details, path });
    }
  }
}

// The files of a restore point for programs: the entries of a folder, and the bytes of a file. Bounded.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { ReadError } from '../../domain/readError.js';
import type { FilesPlace } from '../../session/readers.js';
import { DiskError } from './bytes/disk.js';
import { faultText, noPathText, obstacleText } from './filesText.js';
import { FilesObstacle, openGuestDisks } from './guestFiles.js';
import { FileSystemError, findNode, type GuestFileSystem, type NodeFacts } from './read/guestFileSystem.js';
import { findPath } from './read/volumes.js';

export interface NodeInfo extends NodeFacts {
  readonly name: string;
  /** Where a link leads. */
  readonly link?: string;
}

export function listFiles(place: FilesPlace, path: string): Promise<readonly NodeInfo[]> {
  return readAt(place, path, (system, node) => nodesAt(system, node, path));
}

export function readFile(
  place: FilesPlace,
  path: string,
  { at = 0, most }: { readonly at?: number; readonly most: number },
): Promise<{ readonly bytes: number; readonly content: Buffer }> {
  return readAt(place, path, async (system, node) => {
    const { bytes } = await system.facts(node);
    return { bytes, content: await system.read(node, at, Math.min(most, Math.max(0, bytes - at))) };
  });
}

export async function nodesAt(system: GuestFileSystem, node: number, path: string): Promise<readonly NodeInfo[]> {
  const { kind } = await system.facts(node);
  const listed = kind === 'folder' ? await system.list(node) : [{ name: path, node }];
  const infos = [];
  for (const { name, node: own } of [...listed].sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const facts = await system.facts(own);
    const link = facts.kind === 'link' ? await system.readLink(own) : undefined;
    infos.push({ name, ...facts, ...(link !== undefined && { link }) });
  }
  return infos;
}

async function readAt<T>(
  { engine, view, ...options }: FilesPlace,
  path: string,
  read: (system: GuestFileSystem, node: number) => Promise<T>,
): Promise<T> {
  const cause = (error: unknown): ErrorOptions => ({ cause: error });
  try {
    const disks = await openGuestDisks(engine, view, options);
    try {
      const found = await findPath(disks.volumes, path);
      if ('no' in found) {
        const { kind, text } = noPathText(found, path, disks.volumes);
        throw new ReadError(kind, text);
      }
      const { system } = found.volume;
      const value = await read(system, await findNode(system, found.path));
      await disks.requireUnchanged();
      return value;
    } finally {
      disks.close();
    }
  } catch (error) {
    if (options.signal.aborted) {
      throw new ReadError('cancelled', t('Cancelled.'), cause(error));
    }
    if (error instanceof FilesObstacle) {
      const kind = error.obstacle.kind === 'changed' ? 'failed' : 'refused';
      throw new ReadError(kind, obstacleText(error.obstacle, view.vm.name), cause(error));
    }
    if (error instanceof FileSystemError) {
      throw new ReadError(error.fault === 'notFound' ? 'notFound' : 'refused', faultText(error, path), cause(error));
    }
    throw error instanceof DiskError
      ? new ReadError('failed', t('The disk cannot be read: {0}', displayLine(error.message)), cause(error))
      : error;
  }
}

// The files of a restore point for programs: the entries of a folder, and the bytes of a file. Bounded.
import { Failure } from '../../domain/failure.js';
import type { FilesPlace } from '../../session/readers.js';
import { volumeText } from './filesText.js';
import { type GuestDisks, openGuestDisks, withDisks } from './guestFiles.js';
import { insideFailure } from './insideFailure.js';
import { findNode, type GuestFileSystem, type NodeFacts } from './read/guestFileSystem.js';
import { findPath, type GuestPath } from './read/volumes.js';
import { orReadFailure } from './readFailure.js';

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
  try {
    return await withDisks(openGuestDisks(engine, view, options), async (disks) => {
      const value = await atPath(disks, path, read);
      await disks.requireUnchanged();
      return value;
    });
  } catch (error) {
    throw options.signal.aborted ? new Failure('cancelled', { byUs: true }, { cause: error }) : error;
  }
}

/** @throws Failure where there is no such node, or it cannot be read */
export async function atPath<T>(
  disks: Pick<GuestDisks, 'volumes'>,
  path: string,
  read: (system: GuestFileSystem, node: number, found: GuestPath) => Promise<T>,
  last?: 'itself',
): Promise<T> {
  const found = await requirePath(disks, path);
  const { system } = found.volume;
  return orReadFailure(path, async () => read(system, await findNode(system, found.path, last), found));
}

/** @throws Failure where the path leads into no file system that can be read */
export async function requirePath({ volumes }: Pick<GuestDisks, 'volumes'>, path: string): Promise<GuestPath> {
  const found = await findPath(volumes, path);
  if (!('no' in found)) {
    return found;
  }
  const { no, volume } = found;
  throw volume === undefined
    ? insideFailure(no === 'volume' ? 'noVolume' : 'noRoot', { path, volumes: volumes.map(({ name }) => name) })
    : insideFailure('volumeUnreadable', { volume: volume.name, what: volumeText(volume) });
}

// What changed on the disks of a guest between two restore points: by file system, found from the parts of the disks
// that changed.
import { cachedDisk } from '../bytes/disk.js';
import type { GuestDisks } from '../guestFiles.js';
import { ExtFileSystem, openExt } from '../read/extFileSystem.js';
import { FileSystemError, findNode, type GuestFileSystem } from '../read/guestFileSystem.js';
import type { Volume } from '../read/volumes.js';
import { changedRanges } from './changedRanges.js';
import { compareFolders, type Comparison, type FolderChanges } from './compareFolders.js';
import { changedInodes, withReplayed } from './extChanges.js';
import { type Ranges, rangesWithin } from './ranges.js';

/** How two states of a file system stand to each other. */
type VolumeState =
  | 'compared'
  | 'added'
  | 'removed'
  /** Another file system stands in its place. */
  | 'replaced'
  /** Nothing of it changed, whether it can be read here or not. */
  | 'untouched'
  /** It cannot be read here, and may have changed. */
  | 'unreadable';

export interface VolumePair {
  readonly name: string;
  readonly state: VolumeState;
  readonly before?: Volume;
  readonly after?: Volume;
  /** Of `compared`: what compares its folders. */
  readonly comparison?: SystemComparison;
}

export interface CompareOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** The name of one file system; all of them without it. */
  readonly only?: string;
}

/** By the names of the file systems. Only inodes are read; no folder is listed. */
export async function compareVolumes(
  before: GuestDisks,
  after: GuestDisks,
  options: CompareOptions,
): Promise<readonly VolumePair[]> {
  const changedByDisk = new Map<string, Ranges | undefined>();
  for (const [target, image] of after.images) {
    const old = before.images.get(target);
    changedByDisk.set(target, old && (await changedRanges(old, image, options.environment)));
  }
  const names = new Set([...before.volumes, ...after.volumes].map(({ name }) => name));
  const pairs: VolumePair[] = [];
  const { only } = options;
  for (const name of only === undefined ? [...names].sort() : [only]) {
    const [older, newer] = [before, after].map(({ volumes }) => volumes.find((volume) => volume.name === name));
    pairs.push(await pairOf(name, older, newer, changedByDisk, options.signal));
  }
  return pairs;
}

async function pairOf(
  name: string,
  before: Volume | undefined,
  after: Volume | undefined,
  changedByDisk: ReadonlyMap<string, Ranges | undefined>,
  signal: AbortSignal,
): Promise<VolumePair> {
  const pair = { name, ...(before && { before }), ...(after && { after }) };
  if (before === undefined || after === undefined) {
    return { ...pair, state: before === undefined ? 'added' : 'removed' };
  }
  const changed = changedWithin(before, after, changedByDisk);
  if (before.system === undefined || after.system === undefined) {
    return { ...pair, state: changed?.length === 0 ? 'untouched' : 'unreadable' };
  }
  if (before.type !== after.type) {
    return { ...pair, state: 'replaced' };
  }
  const found = await compareSystems(await openAgain(before, before.system), await openAgain(after, after.system), {
    changed,
    signal,
  });
  return found === 'untouched' || found === 'replaced'
    ? { ...pair, state: found }
    : { ...pair, state: 'compared', comparison: found };
}

export type SystemComparison = Omit<Comparison, 'most'>;

export async function compareSystems(
  before: GuestFileSystem,
  after: GuestFileSystem,
  where: Pick<Comparison, 'changed' | 'signal'>,
): Promise<SystemComparison | 'untouched' | 'replaced'> {
  const { changed, signal } = where;
  if (!(before instanceof ExtFileSystem && after instanceof ExtFileSystem)) {
    return changed?.length === 0 ? 'untouched' : { before, after, ...where, isUntouched: () => false };
  }
  if (!before.superblock.uuid.equals(after.superblock.uuid)) {
    return 'replaced';
  }
  const comparison = { before, after, signal, changed: changed && withReplayed(before, after, changed) };
  const inodes = await changedInodes(comparison);
  return inodes?.size === 0
    ? 'untouched'
    : { ...comparison, isUntouched: (node) => inodes !== undefined && !inodes.has(node) };
}

/** From the start of the file system; undefined: anywhere. */
function changedWithin(
  before: Volume,
  after: Volume,
  changedByDisk: ReadonlyMap<string, Ranges | undefined>,
): Ranges | undefined {
  const [old, place] = [before.place, after.place];
  const changed = place && changedByDisk.get(place.target);
  return changed === undefined || place === undefined || old?.start !== place.start || old.target !== place.target
    ? undefined
    : rangesWithin(changed, place.start, place.start + place.disk.bytes).map(({ start, end }) => ({
        start: start - place.start,
        end: end - place.start,
      }));
}

/** Its tables are far apart: what is around each is not wanted. */
const blockBytes = 4096;

async function openAgain({ place }: Volume, system: GuestFileSystem): Promise<GuestFileSystem> {
  return place !== undefined && system instanceof ExtFileSystem
    ? ((await openExt(cachedDisk(place.disk, blockBytes))) ?? system)
    : system;
}

/** All that changed below a path of a file system. Rejects with `FileSystemError` where neither has it. */
export async function changesBelow(comparison: SystemComparison, path: string, most: number): Promise<FolderChanges> {
  const [before, after] = [await nodeAt(comparison.before, path), await nodeAt(comparison.after, path)];
  if (before === undefined && after === undefined) {
    throw new FileSystemError('notFound', path);
  }
  return compareFolders(
    { ...comparison, most },
    {
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    },
  );
}

async function nodeAt(system: GuestFileSystem, path: string): Promise<number | undefined> {
  try {
    return await findNode(system, path);
  } catch (error) {
    if (error instanceof FileSystemError && (error.fault === 'notFound' || error.fault === 'notAFolder')) {
      return undefined;
    }
    throw error;
  }
}

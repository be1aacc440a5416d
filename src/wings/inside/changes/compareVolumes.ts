// What changed on the disks of a guest between two restore points: by file system, found from the parts of the disks
// that changed.
import { cachedDisk } from '../bytes/disk.js';
import type { GuestDisks } from '../guestFiles.js';
import { ExtFileSystem, openExt } from '../read/extFileSystem.js';
import { FileSystemError, findNode, type GuestFileSystem } from '../read/guestFileSystem.js';
import type { Volume } from '../read/volumes.js';
import { compareFolders, type Comparison, type FolderChanges } from './compareFolders.js';
import { changedInodes, withReplayed } from './extChanges.js';
import { type ByteRange, joinRanges, type Ranges, rangesWithin, subtractRanges } from './ranges.js';
import { thisComputer } from '../../../base/fileSystem.js';
import { localContents } from '../../../driver/files/localContents.js';
import type { AskedState, ImageContents } from '../../../domain/imageContents.js';
import type { Extent } from '../../../domain/blockMap.js';
import { JudgedChain } from '../../../qemu/judgedChain.js';
import { qemuImg } from '../../../qemu/qemuImg.js';
import type { ServedImage } from '../bytes/servedImage.js';

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
  /** Compares the folders of a `compared` file system. */
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

// Where two states of a disk may differ, by the tables of their images alone: what stands in layers that only one of
// them has, and what two snapshots inside one image map otherwise.

/** Undefined where a table cannot be read: they may differ anywhere. */
export async function changedRanges(
  before: ServedImage,
  after: ServedImage,
  environment: NodeJS.ProcessEnv,
): Promise<Ranges | undefined> {
  const program = qemuImg(environment);
  if ((await program.find()) === undefined) {
    return undefined;
  }
  const contents = localContents(environment, program);
  const [older, newer] = await Promise.all([layersOf(before), layersOf(after)]);
  const shared = older.findIndex(({ identity }) => newer.some((layer) => layer.identity === identity));
  const [own, base] = shared < 0 ? [older, undefined] : [older.slice(0, shared), older[shared]];
  const other = base && newer.find(({ identity }) => identity === base.identity);
  const others = newer.slice(0, other === undefined ? newer.length : newer.indexOf(other));
  const told = await Promise.all([
    ...[...own, ...others].map((layer) => rangesOf(layer, contents)),
    ...(base === undefined || other === undefined ? [] : [rangesBetween(base, other, contents)]),
  ]);
  return told.some((ranges) => ranges === undefined) ? undefined : joinRanges(told.flatMap((ranges) => ranges ?? []));
}

interface ImageLayer extends ServedImage {
  /** The same for two ways to write one path. */
  readonly identity: string;
}

/** The image first, with what it rests on behind it. Rejects with a Failure where they cannot be read. */
function layersOf(image: ServedImage): Promise<readonly ImageLayer[]> {
  return JudgedChain.within(image, thisComputer, ({ layers }) =>
    Promise.resolve(
      layers.map(({ path: file, format, device, inode }, at) => ({
        file,
        format,
        ...(at === 0 && image.tag !== undefined && { tag: image.tag }),
        identity: `${device}:${inode}`,
      })),
    ),
  );
}

/** All that it has. */
async function rangesOf({ file, format, tag }: ImageLayer, contents: ImageContents): Promise<Ranges | undefined> {
  const [all] = (await statesOf(file, format, [stateOf(tag)], contents)) ?? [];
  return all;
}

/** The ranges that differ in one image between two states. */
async function rangesBetween(one: ImageLayer, other: ImageLayer, contents: ImageContents): Promise<Ranges | undefined> {
  const [first, second] = one.tag === undefined ? [other.tag, one.tag] : [one.tag, other.tag];
  if (first === second || first === undefined) {
    return [];
  }
  const states = [stateOf(first), stateOf(second), { ...stateOf(second), after: first }];
  const told = await statesOf(one.file, one.format, states, contents);
  const [all = [], later = [], otherwise = []] = told ?? [];
  // What the later one no longer has is in no table of its own.
  return told && joinRanges([...otherwise, ...subtractRanges(all, later)]);
}

function stateOf(tag: string | undefined): AskedState {
  return tag === undefined ? {} : { tag };
}

async function statesOf(
  file: string,
  format: string,
  states: readonly AskedState[],
  contents: ImageContents,
): Promise<readonly Ranges[] | undefined> {
  const told = await contents.extents(file, format, states);
  const all = typeof told === 'string' ? [] : told.states.filter((extents) => extents !== 'unreadable');
  return all.length < states.length ? undefined : all.map((extents) => joinRanges(extents.map(rangeOf)));
}

function rangeOf({ start, length }: Extent): ByteRange {
  return { start, end: start + length };
}

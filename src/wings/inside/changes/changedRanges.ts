// Where two states of a disk may differ, by the tables of their images alone: what stands in layers that only one of
// them has, and what two snapshots inside one image map otherwise.
import { thisComputer } from '../../../base/fileSystem.js';
import { localContents } from '../../../driver/files/localContents.js';
import type { AskedState, ImageContents } from '../../../domain/imageContents.js';
import type { Extent } from '../../../domain/blockMap.js';
import { JudgedChain } from '../../../qemu/judgedChain.js';
import { qemuImg } from '../../../qemu/qemuImg.js';
import type { ServedImage } from '../bytes/servedImage.js';
import { type ByteRange, joinRanges, type Ranges, subtractRanges } from './ranges.js';

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

/** Of one image in two states. */
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

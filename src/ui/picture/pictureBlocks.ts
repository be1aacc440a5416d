// The blocks of a disk as the picture's page takes them: numbers packed, rows named as people know them. Pure.
import { t } from '@vscode/l10n';
import { type BlockMap, type BlockRow, extentKinds } from '../../domain/blockMap.js';
import { bytesOf } from '../../domain/extents.js';
import { displayLine } from '../../domain/plainText.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { bytesText } from '../../text/bytesText.js';
import { clockText } from '../../domain/clockText.js';
import { shortInMiddle } from '../../text/shortInMiddle.js';
import type { PictureBlocks, PictureRow } from './messages.js';

/** The longest name of a file, which leaves space for its size. */
const longestName = 28;

export function pictureBlocks(map: BlockMap, tree: SnapshotTree | undefined): PictureBlocks {
  const reads = new Float64Array(map.reads.length * 3);
  map.reads.forEach(({ start, length, row }, index) => {
    reads.set([start, length, row], index * 3);
  });
  return {
    kind: 'blocks',
    disk: map.target,
    virtualBytes: map.virtualBytes,
    clusterBytes: map.clusterBytes,
    rows: map.rows.map((row) => pictureRow(row, map, tree)),
    reads,
    words: wordsOf(map),
    ...(map.unreadable === undefined
      ? {}
      : {
          unreadable: `${unreadableSentence(map.unreadable, map.format)} ${t('The layers are drawn with the sizes that libvirt reports.')}`,
        }),
    ...(map.partly === undefined
      ? {}
      : {
          partly: `${unreadableSentence(map.partly, map.format)} ${t('This applies to the hatched layers: their content is unknown.')}`,
        }),
  };
}

function pictureRow(row: BlockRow, { rows }: BlockMap, tree: SnapshotTree | undefined): PictureRow {
  const { id, kind, file, snapshot, allocatedBytes } = row;
  const title = snapshot === undefined ? undefined : tree && findSnapshot(tree, snapshot)?.title;
  const made: PictureRow = {
    id,
    kind,
    file,
    title: titleOf(kind, title ?? snapshot),
    words: [
      kindWord(kind),
      // Before the name: a narrow page cuts the end off.
      sizeWord(
        row,
        rows.some(({ file: other, kind: what }) => other === file && what === 'internalSnapshot'),
      ),
      shortInMiddle(displayLine(file.split('/').at(-1) ?? file), longestName),
    ].join(' · '),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(allocatedBytes === undefined ? {} : { allocatedBytes }),
  };
  return row.extents === 'unreadable' ? made : { ...made, ...packExtents(row.extents) };
}

/**
 * The size of a row; for states in one file, the difference from the one before: the file has all of them, and their
 * RAM.
 */
function sizeWord({ extents, allocatedBytes }: BlockRow, isInside: boolean): string {
  const own = extents === 'unreadable' ? undefined : bytesOf(extents.filter(({ kind: what }) => what !== 'zero'));
  const bytes = isInside ? own : allocatedBytes;
  return bytes === undefined ? t('size unknown') : t('holds {0}', bytesText(bytes));
}

function packExtents(extents: Exclude<BlockRow['extents'], 'unreadable'>): Pick<PictureRow, 'extents' | 'kinds'> {
  const flat = new Float64Array(extents.length * 2);
  const kinds = new Uint8Array(extents.length);
  extents.forEach(({ start, length, kind: what }, index) => {
    flat[index * 2] = start;
    flat[index * 2 + 1] = length;
    kinds[index] = extentKinds.indexOf(what);
  });
  return { extents: flat, kinds };
}

function titleOf(kind: BlockRow['kind'], title: string | undefined): string {
  const name = title === undefined ? undefined : displayLine(title);
  switch (kind) {
    case 'base':
      return name === undefined ? t('Base') : t('Base, until “{0}”', name);
    case 'overlay':
      return name === undefined ? t('Delta') : t('Until “{0}”', name);
    case 'internalSnapshot':
      return name ?? t('A snapshot');
    case 'present':
      return t('Current layer');
  }
}

function kindWord(kind: BlockRow['kind']): string {
  switch (kind) {
    case 'base':
      return t('base');
    case 'overlay':
      return t('delta');
    case 'internalSnapshot':
      return t('inside the image');
    case 'present':
      return t('being written');
  }
}

/** Clusters are told by the images alone. */
function wordsOf({ virtualBytes, clusterBytes, rows, exact, readAt, unreadable }: BlockMap): string {
  const at = t('Read at {0}', clockText(readAt));
  return [
    ...(unreadable === undefined
      ? [t('{0} in clusters of {1}', bytesText(virtualBytes), bytesText(clusterBytes))]
      : virtualBytes > 0
        ? [bytesText(virtualBytes)]
        : []),
    rows.length === 1 ? t('1 layer') : t('{0} layers', rows.length),
    exact === 'exact' ? at : t('{0} while the VM was running; values are approximate', at),
  ].join(' · ');
}

function unreadableSentence(why: NonNullable<BlockMap['unreadable']>, format: string | undefined): string {
  switch (why) {
    case 'otherHost':
      return t('The images are on another computer and cannot be read from here.');
    case 'denied':
      return t('You do not have permission to read the images. A user who has it sees their blocks.');
    case 'noQemuImg':
      return t('qemu-img is not installed on the host. Install it there to see the blocks.');
    case 'notQcow2':
      return format === undefined
        ? t('The blocks of this image format cannot be determined.')
        : t('The images have the format {0}. Its blocks cannot be determined.', displayLine(format));
    case 'dataFile':
      return t('The data of the images is in separate files (data_file). Their blocks cannot be determined.');
    case 'failed':
      return t('Could not read the images. Refresh tries again. The log has the reason.');
  }
}

// What a cell of the blocks means, in words: for the line below the figure and for a screen reader. Pure.
import { t } from '@vscode/l10n';
import { bytesText } from '../../../text/bytesText.js';
import { layerLetter } from '../../../text/rows/layerLetter.js';
import type { Blocks } from './blocks.js';
import { markOf, type RowMarks } from './blockScene.js';
import { cellsIn, type DiskWindow } from './diskWindow.js';

interface CellPlace {
  /** The row after the last layer is what the VM reads. */
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** Where, which layer, what it holds there, and whether the VM reads it. */
export function cellWords(blocks: Blocks, { row, from, to }: CellPlace): string {
  const { map } = blocks;
  const where = t('{0} to {1} ({2})', offsetText(from), offsetText(to), bytesText(to - from));
  if (row >= map.rows.length) {
    return [where, readWords(blocks, from, to)].join(' · ');
  }
  const layer = layerWords(blocks, row);
  if (!blocks.isReadable(row)) {
    return [layer, t('its blocks cannot be read here')].join(' · ');
  }
  return [where, layer, heldWords(blocks, { row, from, to })].join(' · ');
}

function layerWords({ map }: Blocks, row: number): string {
  return t('layer {0}, {1}', layerLetter(row), map.rows[row]?.title ?? '');
}

/** What a row holds in the whole, for its head. */
export function rowWords(blocks: Blocks, row: number): string {
  const one = blocks.map.rows[row];
  if (one === undefined) {
    return readWords(blocks, 0, blocks.map.virtualBytes);
  }
  const held = blocks.heldBytes(row);
  const { read } = blocks.content(row, 0, blocks.map.virtualBytes);
  return [
    layerWords(blocks, row),
    one.words,
    ...(held === undefined
      ? [t('its blocks cannot be read here')]
      : [t('the VM currently reads {0} % of it', Math.round((100 * Math.min(held, read)) / (held || 1)))]),
  ].join(', ');
}

function heldWords(blocks: Blocks, { row, from, to }: CellPlace): string {
  const { data, zero, read } = blocks.content(row, from, to);
  if (data + zero === 0) {
    return row === 0 ? t('no data here') : t('no data here: the layer below is read');
  }
  const size = bytesText(data + zero);
  const kind = blocks.kindAt(row, from);
  const what =
    data === 0
      ? t('{0} of zeros', size)
      : kind === 'compressed' && to - from <= blocks.map.clusterBytes
        ? t('{0} of data, compressed', size)
        : t('{0} of data', size);
  if (read === 0 && blocks.isBelowUnknown(row) && blocks.readIn(from, to).length === 0) {
    return t('{0}; unknown whether the VM reads it', what);
  }
  if (read === 0) {
    const [above] = blocks.readIn(from, to);
    return above === undefined
      ? t('{0}, not read by the VM', what)
      : t('{0}, covered by {1}', what, layerWords(blocks, above.row));
  }
  return read >= data + zero ? t('{0}, read by the VM', what) : t('{0}; the VM reads {1} of it', what, bytesText(read));
}

function readWords(blocks: Blocks, from: number, to: number): string {
  const read = blocks.readIn(from, to);
  const isKnown = read.reduce((sum, { bytes }) => sum + bytes, 0) >= to - from || !blocks.isPartlyUnknown;
  if (read.length === 0) {
    return isKnown
      ? t('the VM reads zeros: nothing was ever written here')
      : t('unknown what the VM reads here: a layer cannot be read');
  }
  const listed = read.slice(0, 4).map(({ row, bytes }) => t('{0} of {1}', bytesText(bytes), layerWords(blocks, row)));
  return isKnown
    ? t('the VM reads {0}', listed.join(', '))
    : t('the VM reads {0}; the rest is unknown', listed.join(', '));
}

/** Whole bytes too, where a size rounds them away. */
function offsetText(bytes: number): string {
  const short = bytesText(bytes);
  const isWhole = bytes % (1024 * 1024) === 0 || bytes < 1024 || (bytes < 1024 * 1024 && bytes % 1024 === 0);
  return isWhole ? short : t('{0} (byte {1})', short, bytes);
}

/** Describes the cell around an offset, and the problems of its layer. */
export function placeWords(
  blocks: Blocks,
  { row, offset }: { readonly row: number; readonly offset: number },
  { window, width, marks }: { readonly window: DiskWindow; readonly width: number; readonly marks: RowMarks },
): string {
  if (blocks.map.unreadable !== undefined) {
    // There are no places to speak of.
    return rowWords(blocks, row);
  }
  const { bytes } = cellsIn(blocks.map, window, Math.max(1, width));
  const from = Math.floor(offset / bytes) * bytes;
  const place = { row, from, to: Math.min(blocks.map.virtualBytes, from + bytes) };
  const mark = markOf(blocks.map.rows[row], marks);
  return [cellWords(blocks, place), ...(mark === undefined ? [] : [mark.words])].join(' · ');
}

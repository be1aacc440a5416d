// Sizes in words: of a snapshot what deleting it frees, of the current state what was written since. What nobody looked
// at yet is left out of a row, and what cannot be seen is called so; the tooltip says why.
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import { type DiskChain, type Size, type SnapshotSize, sumOf } from '../../domain/layers.js';
import { displayedRamBytes } from '../../domain/estimates.js';
import { isActive } from '../../domain/vm.js';
import type { CreateStep } from '../../steps/step.js';
import { bytesText, bytesWords } from '../bytesText.js';
import type { FactList } from './factList.js';
import { quotedPaths } from '../problems/problemSentence.js';
import { roomLines } from '../problems/roomText.js';
import { shortTime } from '../../domain/clockText.js';

/** Less than an overlay takes before anything is written to it tells nothing. */
export const emptyOverlayBytes = 256 * 1024;

/**
 * For a row: nothing where nobody looked yet, or it takes nothing.
 *
 * @param asOf of a size that may be another by now: when it was so, as `09:41`
 */
export function sizeWords(size: Size | undefined, asOf?: string): readonly string[] {
  if (size === undefined || size.bytes === 0) {
    return [];
  }
  if (size.bytes === 'unknown') {
    return [unknownSizeText()];
  }
  const bytes = bytesText(size.bytes);
  const words =
    size.how === 'atMost' ? t('up to {0}', bytes) : size.how === 'atLeast' ? t('at least {0}', bytes) : bytes;
  return [asOf === undefined ? words : t('{0} as of {1}', words, asOf)];
}

/** The space that a delete of this snapshot alone frees. Absent where a part is known and its files were not read. */
export function sizeIn(layers: VmView['layers'], snapshot: string): SnapshotSize | undefined {
  return withoutPart(
    layers,
    layers?.snapshots.find((one) => one.snapshot === snapshot),
  );
}

/** The space that a delete of all snapshots of a VM frees. */
export function togetherWords({ tree, layers }: Pick<VmView, 'tree' | 'layers'>): readonly string[] {
  return (tree?.snapshots.length ?? 0) === 0 ? [] : sizeWords(withoutPart(layers, layers?.together));
}

/** What libvirt's statistics tell of a part alone is another number a moment later, when the files were looked at. */
function withoutPart<T extends Size>(layers: VmView['layers'], size: T | undefined): T | undefined {
  const isPart = size?.how === 'atLeast' || size?.how === 'atMost';
  return isPart && layers?.from === 'statistics' ? undefined : size;
}

/** The cost of a clone: its own files, and its RAM while it has any. */
export function cloneCost({ vm: { clone, power, memoryBytes }, layers }: VmView): readonly string[] {
  if (clone === undefined) {
    return [];
  }
  // What it stands on takes the room of another VM.
  const own = (layers?.disks ?? []).flatMap(({ layers: files }) =>
    files.slice(0, files.findLastIndex(({ file }) => clone.files.includes(file)) + 1),
  );
  const bytes = sumOf(own.map(({ allocatedBytes }) => allocatedBytes));
  return [
    ...(own.length === 0 || bytes === 'unknown' ? [] : [bytesText(bytes)]),
    ...(isActive(power) ? [t('RAM {0}', bytesText(memoryBytes))] : []),
    ...(clone.disposable === true ? [t('deleted when off')] : []),
    // A narrow view cuts the end off, and this tells least.
    ...(own.length > 0 && bytes === 'unknown' ? [unknownSizeText()] : []),
  ];
}

/** What the disks have taken since the current snapshot; none for nothing, and where nobody looked yet. */
export function changedWords({ tree, layers }: VmView): readonly string[] {
  const size = layers?.snapshots.find(({ snapshot }) => snapshot === tree?.current);
  const tops = (layers?.disks ?? []).flatMap(({ layers: [top, below] }) =>
    top !== undefined && below?.snapshots.includes(tree?.current ?? '') === true ? [top.allocatedBytes] : [],
  );
  const bytes = size?.heldBytes ?? (tops.length === 0 ? undefined : sumOf(tops));
  if (bytes === 'unknown') {
    return [t('changes unknown')];
  }
  const least = size?.heldBytes === undefined ? emptyOverlayBytes : 0;
  return bytes === undefined || bytes <= least ? [] : [t('changed since ({0})', bytesText(bytes))];
}

/** What a snapshot will take on the host: as its like did, or at most. */
export function spaceText(
  most: number,
  { snapshotKind, style }: Pick<CreateStep, 'snapshotKind' | 'style'>,
  { tree, layers }: VmView,
): string {
  const seen =
    snapshotKind === 'memory' && tree !== undefined
      ? displayedRamBytes(style, tree, layers?.snapshots ?? [])
      : undefined;
  return seen === undefined || seen > most ? t('up to {0}', bytesText(most)) : t('about {0}', bytesText(seen));
}

/** For a tooltip: what the number on the row means. */
export function sizeFacts(size: SnapshotSize | undefined): FactList['lines'] {
  if (size === undefined) {
    return [];
  }
  const { bytes, how, memoryBytes = 0 } = size;
  const [words = bytesWords(bytes)] = bytes === 'unknown' ? [] : sizeWords(size);
  const sum = how === 'estimate' && bytes !== 'unknown' ? t('about {0}', words) : words;
  const isKept = memoryBytes !== 'unknown' && bytes !== 'unknown' && how !== 'atLeast' && memoryBytes > bytes;
  return [
    {
      name: t('Deleting frees'),
      value:
        memoryBytes === 0 || bytes === 'unknown'
          ? sum
          : isKept
            ? t('{0}; other states use its {1} of memory', sum, bytesText(memoryBytes))
            : t('{0}, including {1} of memory', sum, bytesWords(memoryBytes)),
    },
  ];
}

/** The disks of a VM layer by layer, in number, and the space left where they are. */
export function layerFacts({ layers }: VmView, now: number): FactList['lines'] {
  return [
    ...(layers?.disks ?? []).map(({ target, layers: own, whole }) => ({
      name: t('Layers of {0}', target),
      value: whole ? String(own.length) : t('at least {0}, the rest is unknown', own.length),
    })),
    ...unseenFacts(layers?.disks ?? []),
    ...sizesAsOf(layers, now),
    ...roomLines(layers?.rooms ?? []),
  ];
}

/** Why a size is not known, where that is: libvirt does not tell it, and nobody here may look. */
function unseenFacts(disks: readonly DiskChain[]): FactList['lines'] {
  const unseen = disks.flatMap(({ layers: own }) =>
    own.filter(({ allocatedBytes, seen }) => allocatedBytes === 'unknown' && seen === 'unknown'),
  );
  const files = [...new Set(unseen.map(({ file }) => file))];
  return files.length === 0
    ? []
    : [{ name: t('Size unknown'), value: t('{0} cannot be read from here', quotedPaths(files)) }];
}

/** What was read again since, and was the same, is not told as newer. */
export function sizesAsOf(layers: VmView['layers'], now: number): FactList['lines'] {
  return layers === undefined ? [] : [{ name: t('Sizes as of'), value: shortTime(layers.readAt, now) }];
}

function unknownSizeText(): string {
  return t('size unknown');
}

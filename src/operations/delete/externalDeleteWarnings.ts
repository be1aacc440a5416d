// What a person is told of a delete of external snapshots before it: how long it takes, what it frees, what we do
// instead of libvirt.
import { type DeletedFiles, externalTargets } from '../../domain/chains/deletedFiles.js';
import { unknownTagsWarning } from '../../domain/chains/doomedTags.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { unreadVms } from '../../domain/chains/otherVms.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import { addSizes, mostOfMerge } from '../../domain/chains/snapshotSizes.js';
import type { Warning } from '../../domain/consequences.js';
import type { Facts } from '../../domain/facts.js';
import type { Bytes, Size } from '../../domain/layers.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isOnActivePath } from '../../domain/snapshotTree.js';
import { isActive, xmlChain } from '../../domain/vm.js';
import { leafOfOtherBranch } from './branchRefusals.js';
import type { RequestOf } from '../operationDefinition.js';
import type { OfflineMerges } from './offlineMerges.js';
import { needsUs } from './planEmulatedDelete.js';

export function mergeWarnings(
  doomed: readonly Snapshot[],
  ownMerges: OfflineMerges,
  bytes: number | undefined,
  facts: Facts,
): Warning[] {
  const { vm, tree, files } = facts;
  const merging = doomed.filter(({ name }) => isOnActivePath(tree, name));
  const lowest = merging.at(-1);
  if (lowest === undefined) {
    return [];
  }
  const into = frozenOf(lowest, facts);
  const warnings: Warning[] = [
    { kind: 'merges', ...(into === undefined ? {} : { into }), ...(bytes === undefined ? {} : { bytes }) },
  ];
  if (!isActive(vm.power) && merging.some(({ name }) => !ownMerges.has(name))) {
    warnings.push({ kind: 'startsQemu' });
  }
  const folder = into === undefined ? undefined : folderOf(into);
  const free = folder === undefined ? undefined : files?.freeBytes.get(folder);
  if (folder !== undefined && free !== undefined && bytes !== undefined && free < bytes) {
    warnings.push({ kind: 'needsSpace', bytes, folder, free });
  }
  return warnings;
}

/**
 * At most: what is written over in the file below takes no more space there. Undefined where an overlay was not seen.
 */
export function mergedBytes({ mergedAway }: DeletedFiles, facts: Facts): number | undefined {
  let bytes = 0;
  for (const file of mergedAway) {
    const image = facts.files?.images.get(file);
    if (image === undefined || image === 'unknown' || image === 'missing') {
      return undefined;
    }
    bytes += image.allocatedBytes;
  }
  return mergedAway.size === 0 ? undefined : bytes;
}

/**
 * The sizes of the snapshots, added up. A file that was not seen: nothing is said. Each of several merges may free more
 * once the one above it is done.
 *
 * @param goes files that are removed as they are
 */
export function freedSpaceWarnings(
  goes: ReadonlySet<string>,
  { merges, mergedAway }: DeletedFiles,
  { files, layers, vm }: Facts,
): readonly Warning[] {
  const readBytes = (file: string): Bytes => {
    const seen = files?.images.get(file) ?? files?.files.get(file);
    return typeof seen === 'object' ? seen.allocatedBytes : seen === 'missing' ? 0 : 'unknown';
  };
  const gone = [...goes].map((file): Size => ({ bytes: readBytes(file), how: 'exact' }));
  if (gone.some(({ bytes }) => bytes === 'unknown')) {
    return [];
  }
  const known = new Map(layers?.disks.flatMap((disk) => disk.layers.map((layer) => [layer.file, layer])));
  const tops = new Set(isActive(vm.power) ? vm.disks.map(({ source }) => source) : []);
  const merged = [...mergedAway].map((overlay): Size => {
    const frees = known.get(overlay)?.mergeFrees;
    const base = merges.length > 1 ? undefined : merges[0]?.base;
    return frees === undefined
      ? {
          bytes: base === undefined ? readBytes(overlay) : mostOfMerge(readBytes(overlay), readBytes(base)),
          how: 'atMost',
        }
      : { bytes: frees.bytes, how: tops.has(overlay) ? 'estimate' : frees.how };
  });
  const { bytes, how } = addSizes([...gone, ...merged]);
  return bytes === 'unknown' || bytes === 0
    ? []
    : [{ kind: 'frees', bytes, how: merged.length > 1 && how !== 'atMost' ? 'atLeast' : how }];
}

export function byUsWarnings(doomed: readonly Snapshot[], facts: Facts): readonly Warning[] {
  const first = doomed.find((one) => needsUs(one, facts));
  return first === undefined ? [] : [{ kind: 'doneByUs', why: leafOfOtherBranch(first, facts).refusal }];
}

/** Other hosts are worth a word only where somebody here builds on this VM's files already. */
export function otherWarnings(
  { removed, mergedAway, changed }: DeletedFiles,
  request: RequestOf<'delete'>,
  facts: Facts,
): readonly Warning[] {
  const { vm, otherVms = [] } = facts;
  const vms = request.despiteUnread === true ? unreadVms(facts) : [];
  const chain = new Set([...vm.disks.flatMap(xmlChain), ...removed, ...mergedAway, ...changed]);
  return [
    ...unknownTagsWarning([...removed, ...mergedAway], facts),
    ...(vms.length === 0 ? [] : [{ kind: 'unreadVms' as const, vms }]),
    ...(otherVms.some(({ files }) => files.some((file) => chain.has(file)))
      ? [{ kind: 'otherHostsUnseen' as const }]
      : []),
  ];
}

/** The file that takes the merge of the first disk. */
function frozenOf(snapshot: Snapshot, facts: Facts): string | undefined {
  const [target] = externalTargets(snapshot);
  if (target === undefined) {
    return undefined;
  }
  const layers = facts.vm.disks.filter((disk) => disk.target === target).flatMap(xmlChain);
  const overlay = snapshot.disks.find((disk) => disk.target === target)?.file;
  const below = overlay === undefined ? -1 : layers.indexOf(overlay);
  return backingFileOf(facts, snapshot.name, target) ?? (below < 0 ? undefined : layers[below + 1]);
}

// The steps of a delete of external snapshots that nothing stands against, and what they cost. Each snapshot has steps
// of its own, as libvirt refuses to delete a tree of them.
import {
  type DeletedFiles,
  deletedFiles,
  externalTargets,
  leftFiles,
  namedOverlay,
  neededFiles,
  overlayAbove,
} from '../../domain/chains/deletedFiles.js';
import { frozenFile, restingOn } from '../../domain/chains/fileUse.js';
import { lastWrites } from '../../domain/chains/lastWrites.js';
import { tagsUnseenWarning } from '../../domain/chains/lostTags.js';
import { versionWarnings } from '../../domain/knownVersions.js';
import type { OperationRequest } from '../../domain/operation.js';
import { unreadVms } from '../../domain/chains/otherVms.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import type { Loss, Warning } from '../../domain/consequences.js';
import type { Plan } from '../plan.js';
import type { Situation } from '../../domain/situation.js';
import type { Step, TargetFile } from '../../steps/step.js';
import { canRemove, needsUs, ownFiles } from './planEmulatedDelete.js';
import { otherName } from '../../domain/chains/strayFile.js';
import { leafOfOtherBranch } from './planExternalDelete.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf, currentOf, isOnActivePath, parentOf } from '../../domain/snapshotTree.js';
import { isActive } from '../../domain/vm.js';

type DeleteRequest = Extract<OperationRequest, { kind: 'delete' }>;

/**
 * | the VM runs on it | libvirt | steps of one snapshot |
 * |-------------------|---------|-----------------------|
 * | yes               | any     | it is made to name the overlay above it, if it does not; then libvirt merges that one |
 * | no                | ≥ 9.9   | libvirt removes its file |
 * | no                | < 9.9   | its metadata is forgotten, then we remove its files: files without metadata harm nobody |
 *
 * Behind each, what libvirt leaves of it is removed.
 *
 * @param doomed in the order in which they go
 */
export function externalDeletePlan(request: DeleteRequest, doomed: readonly Snapshot[], situation: Situation): Plan {
  const { tree, capabilities, vm } = situation;
  const going = new Set(doomed.map(({ name }) => name));
  const needed = neededFiles(going, situation);
  const touched = deletedFiles(doomed, situation);
  const steps: Step[] = [];
  const stay: string[] = [];
  const lost: string[] = [];
  for (const snapshot of doomed) {
    const byUs = needsUs(snapshot, situation);
    const own = byUs ? (ownFiles(snapshot, situation) ?? []) : [];
    const left = leftFiles(snapshot, byUs ? 'us' : 'libvirt', needed, situation).filter(
      (file) => !touched.removed.has(file),
    );
    const removed = [...own, ...left.filter((file) => canRemove(file, situation))];
    stay.push(...left.filter((file) => !canRemove(file, situation)));
    lost.push(...own, ...removed.filter((file) => !own.includes(file) && holdsSomething(file, situation)));
    lost.push(...ramOf(snapshot, situation).filter((file) => !stay.includes(file)));
    steps.push(
      ...(byUs ? [] : renaming(snapshot, situation)),
      byUs ? { kind: 'forgetSnapshot', snapshot: snapshot.name } : { kind: 'deleteSnapshot', snapshot: snapshot.name },
    );
    if (removed.length > 0) {
      steps.push({ kind: 'removeFiles', files: removed });
    }
  }
  const merges = doomed.some(({ name }) => isOnActivePath(tree, name));
  const kind = (doomed.at(-1) ?? doomed[0])?.kind ?? 'disk';
  const losses: Loss[] = [{ kind: 'restorePoints', names: doomed.map(({ name }) => name) }];
  const bytes = mergedBytes(touched, situation);
  return {
    kind: 'plan',
    request,
    steps: [...steps, ...settling(going, situation)],
    losses: lost.length === 0 ? losses : [...losses, { kind: 'files', files: lost }],
    warnings: [
      ...mergeWarnings(doomed, bytes, situation),
      ...byUsWarnings(doomed, situation),
      ...stay.map((file): Warning => ({ kind: 'leavesFile', file })),
      ...otherWarnings(touched, request, situation),
      ...versionWarnings(capabilities, { action: 'delete', style: 'external', kind, vm }),
    ],
    progress: merges ? 'percent' : 'timeOnly',
    snapshot: request.snapshot,
    ...(bytes === undefined ? {} : { spaceBytes: bytes }),
    ...(touched.changed.size === 0 ? {} : { changes: lastWrites(touched.changed, situation) }),
    ...(touched.merges.length === 0 ? {} : { merges: touched.merges }),
  };
}

/** An image that was not looked at may; a memory file and UEFI variables are the snapshot itself. */
function holdsSomething(file: string, { files }: Situation): boolean {
  const image = files?.images.get(file);
  return typeof image === 'object' && image.empty !== true;
}

/** The file with its RAM, whoever removes it. */
function ramOf({ memory }: Snapshot, { files }: Situation): readonly string[] {
  return memory.file !== undefined && typeof files?.files.get(memory.file) === 'object' ? [memory.file] : [];
}

/** It is current when its turn comes, and libvirt would look for an overlay that the VM does not have any more. */
function renaming(snapshot: Snapshot, situation: Situation): readonly Step[] {
  const targets = externalTargets(snapshot);
  if (
    !isOnActivePath(situation.tree, snapshot.name) ||
    targets.every((target) => otherName(snapshot, target, situation) === undefined)
  ) {
    return [];
  }
  return naming(snapshot, (target) => overlayAbove(snapshot, target, situation));
}

/**
 * The snapshot that is current afterwards, if the delete took its last child: like after a revert by a new libvirt, it
 * names the overlay that the VM is on, and not the one that its children were built on.
 *
 * | it has children still | it names the VM's overlay | → |
 * |-----------------------|---------------------------|---|
 * | yes                   | any                       | nothing |
 * | no                    | yes, or not known         | nothing |
 * | no                    | no                        | it is made to |
 */
function settling(going: ReadonlySet<string>, situation: Situation): readonly Step[] {
  const { tree, vm, frozenDisks } = situation;
  let current = currentOf(tree);
  let lowest: Snapshot | undefined;
  while (current !== undefined && going.has(current.name)) {
    lowest = current;
    current = parentOf(tree, current.name);
  }
  if (current?.style !== 'external' || frozenDisks === undefined) {
    return [];
  }
  const children = childrenOf(tree, current.name);
  if (children.length === 0 || children.some(({ name }) => !going.has(name))) {
    return [];
  }
  const { name } = current;
  const present = (target: string): string | undefined =>
    lowest === undefined
      ? vm.disks.find((disk) => disk.target === target)?.source
      : frozenFile(situation, lowest.name, target);
  const differs = externalTargets(current).some((target) => {
    const file = present(target);
    const below = frozenFile(situation, name, target);
    const named = namedOverlay(current, target);
    return file !== undefined && below !== undefined && file !== named && restingOn(situation, [below]).has(file);
  });
  return differs ? naming(current, present) : [];
}

function naming(snapshot: Snapshot, overlayOf: (target: string) => string | undefined): readonly Step[] {
  const disks = externalTargets(snapshot).flatMap((target): readonly TargetFile[] => {
    const file = overlayOf(target);
    return file === undefined ? [] : [{ target, file }];
  });
  return [{ kind: 'makeCurrent', snapshot: snapshot.name, disks }];
}

function mergeWarnings(doomed: readonly Snapshot[], bytes: number | undefined, situation: Situation): Warning[] {
  const { vm, tree, files } = situation;
  const lowest = doomed.findLast(({ name }) => isOnActivePath(tree, name));
  if (lowest === undefined) {
    return [];
  }
  const into = frozenOf(lowest, situation);
  const warnings: Warning[] = [
    { kind: 'merges', ...(into === undefined ? {} : { into }), ...(bytes === undefined ? {} : { bytes }) },
  ];
  if (!isActive(vm.power)) {
    warnings.push({ kind: 'startsQemu' });
  }
  const folder = into === undefined ? undefined : folderOf(into);
  const free = folder === undefined ? undefined : files?.freeBytes.get(folder);
  if (folder !== undefined && free !== undefined && bytes !== undefined && free < bytes) {
    warnings.push({ kind: 'needsSpace', bytes, folder, free });
  }
  return warnings;
}

/** At most: what is written over in the file below takes no more space there. Undefined where an overlay was not seen. */
function mergedBytes({ mergedAway }: DeletedFiles, situation: Situation): number | undefined {
  let bytes = 0;
  for (const file of mergedAway) {
    const image = situation.files?.images.get(file);
    if (image === undefined || image === 'unknown' || image === 'missing') {
      return undefined;
    }
    bytes += image.allocatedBytes;
  }
  return mergedAway.size === 0 ? undefined : bytes;
}

function byUsWarnings(doomed: readonly Snapshot[], situation: Situation): readonly Warning[] {
  const first = doomed.find((one) => needsUs(one, situation));
  return first === undefined ? [] : [{ kind: 'doneByUs', why: leafOfOtherBranch(first, situation).refusal }];
}

/** Other hosts are worth a word only where somebody here builds on this VM's files already. */
function otherWarnings(
  { removed, mergedAway, changed }: DeletedFiles,
  request: DeleteRequest,
  situation: Situation,
): readonly Warning[] {
  const { vm, otherVms = [] } = situation;
  const vms = request.despiteUnread === true ? unreadVms(situation) : [];
  const chain = new Set([
    ...vm.disks.flatMap(({ source, backing = [] }) => [source, ...backing]),
    ...removed,
    ...mergedAway,
    ...changed,
  ]);
  return [
    ...tagsUnseenWarning([...removed, ...mergedAway], situation),
    ...(vms.length === 0 ? [] : [{ kind: 'unreadVms' as const, vms }]),
    ...(otherVms.some(({ files }) => files.some((file) => chain.has(file)))
      ? [{ kind: 'otherHostsUnseen' as const }]
      : []),
  ];
}

/** The file that takes the merge of the first disk. */
function frozenOf(snapshot: Snapshot, situation: Situation): string | undefined {
  const [target] = externalTargets(snapshot);
  if (target === undefined) {
    return undefined;
  }
  const chain = situation.vm.disks.find((disk) => disk.target === target);
  const layers = [chain?.source, ...(chain?.backing ?? [])];
  const overlay = snapshot.disks.find((disk) => disk.target === target)?.file;
  const below = overlay === undefined ? -1 : layers.indexOf(overlay);
  return frozenFile(situation, snapshot.name, target) ?? (below < 0 ? undefined : layers[below + 1]);
}

// The steps of a delete of external snapshots that nothing stands against, and what they cost. Each snapshot has steps
// of its own, as libvirt refuses to delete a tree of them.
import {
  deletedFiles,
  externalTargets,
  filesLeftByDelete,
  namedOverlay,
  neededFiles,
  overlayAbove,
} from '../../domain/chains/deletedFiles.js';
import { backingFileOf, restsOn } from '../../domain/chains/fileUse.js';
import { imageOf } from '../../domain/chains/frozenContent.js';
import { undescribedDisks } from '../../domain/chains/undescribedBranch.js';
import { versionWarnings } from '../../domain/knownVersions.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Loss, Warning } from '../../domain/consequences.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step, TargetFile } from '../../steps/step.js';
import { removal } from '../interruptedStep.js';
import { needsUs, ownFiles } from './planEmulatedDelete.js';
import { canRemove } from '../../domain/chains/canRemove.js';
import { otherName } from '../../domain/chains/strayFile.js';
import type { OfflineMerges } from './offlineMerges.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf, currentOf, isOnActivePath, parentOf } from '../../domain/snapshotTree.js';
import {
  mergedBytes,
  mergeWarnings,
  freedSpaceWarnings,
  byUsWarnings,
  otherWarnings,
} from './externalDeleteWarnings.js';

type DeleteRequest = Extract<OperationRequest, { kind: 'delete' }>;

/**
 * | the VM stands on it      | libvirt | steps of one snapshot |
 * |--------------------------|---------|-----------------------|
 * | yes, see `offlineMerges` | any     | we merge the overlay above it, then its metadata is forgotten and the overlay removed |
 * | yes                      | any     | it is made to name the overlay above it, if it does not; then libvirt merges that one |
 * | no                       | ≥ 9.9   | libvirt removes its file |
 * | no                       | < 9.9   | its metadata is forgotten, then we remove its files: files without metadata harm nobody |
 *
 * Behind each, what libvirt leaves of it is removed.
 *
 * @param doomed in the order in which they go
 */
export function externalDeletePlan(
  request: DeleteRequest,
  doomed: readonly Snapshot[],
  ownMerges: OfflineMerges,
  facts: Facts,
): DraftPlan {
  const { tree, capabilities, vm } = facts;
  const going = new Set(doomed.map(({ name }) => name));
  const needed = neededFiles(going, facts);
  const touched = deletedFiles(doomed, facts);
  // Only libvirt reads what the branches tell.
  const steps: Step[] = [
    ...describeLayersSteps(
      doomed.filter(({ name }) => !ownMerges.has(name)),
      going,
      facts,
    ),
  ];
  const stay: string[] = [];
  const lost: string[] = [];
  const goes = new Set(touched.removed);
  for (const snapshot of doomed) {
    const merge = ownMerges.get(snapshot.name);
    const byUs = merge !== undefined || needsUs(snapshot, facts);
    const own = merge === undefined && byUs ? (ownFiles(snapshot, facts) ?? []) : [];
    const merged = merge?.disks.map(({ top }) => top) ?? [];
    const left = filesLeftByDelete(snapshot, byUs ? 'us' : 'libvirt', needed, facts).filter(
      (file) => !touched.removed.has(file),
    );
    const removed = [...own, ...left.filter((file) => canRemove(file, facts))];
    stay.push(...[...left, ...merged].filter((file) => !canRemove(file, facts)));
    lost.push(...own, ...removed.filter((file) => !own.includes(file) && holdsSomething(file, facts)));
    removed.push(...merged.filter((file) => canRemove(file, facts)));
    const ram = ramOf(snapshot, facts).filter((file) => !stay.includes(file));
    lost.push(...ram);
    [...removed, ...ram].filter((file) => !merged.includes(file)).forEach((file) => goes.add(file));
    steps.push(
      ...(byUs ? [] : renameFilesSteps(snapshot, facts)),
      ...(merge?.steps ?? []),
      byUs ? { kind: 'forgetSnapshot', snapshot: snapshot.name } : { kind: 'deleteSnapshot', snapshot: snapshot.name },
      ...removal(removed),
    );
  }
  const merges = doomed.some(({ name }) => isOnActivePath(tree, name));
  const kind = (doomed.at(-1) ?? doomed[0])?.kind ?? 'disk';
  const names = doomed.map(({ name }) => name);
  const losses: Loss[] = [{ kind: 'restorePoints', names }];
  const bytes = mergedBytes(touched, facts);
  return {
    kind: 'plan',
    request,
    steps: [...steps, ...settleCurrentSteps(going, facts)],
    deletes: names,
    ...(lost.length === 0 ? {} : { removes: lost }),
    losses: lost.length === 0 ? losses : [...losses, { kind: 'files', files: lost }],
    warnings: [
      ...mergeWarnings(doomed, ownMerges, bytes, facts),
      ...freedSpaceWarnings(goes, touched, facts),
      ...byUsWarnings(doomed, facts),
      ...stay.map((file): Warning => ({ kind: 'leavesFile', file })),
      ...otherWarnings(touched, request, facts),
      ...versionWarnings(capabilities, { action: 'delete', style: 'external', kind, vm }),
    ],
    progress: merges ? 'percent' : 'timeOnly',
    snapshot: request.snapshot,
    ...(bytes === undefined ? {} : { spaceBytes: bytes }),
    ...(touched.merges.length === 0 ? {} : { merges: touched.merges }),
  };
}

/** Before anything else: libvirt would crash on what the branches do not tell. */
function describeLayersSteps(doomed: readonly Snapshot[], going: ReadonlySet<string>, facts: Facts): readonly Step[] {
  const untold = undescribedDisks(doomed, going, facts);
  return [...untold].map(([snapshot, disks]): Step => ({ kind: 'tellLayers', snapshot, disks }));
}

/** An image that was not looked at may; a memory file and UEFI variables are the snapshot itself. */
function holdsSomething(file: string, { files }: Facts): boolean {
  const image = files?.images.get(file);
  return typeof image === 'object' && image.empty !== true;
}

/** The file with its RAM, whether libvirt or we remove it. */
function ramOf({ memory }: Snapshot, { files }: Facts): readonly string[] {
  return memory.file !== undefined && typeof files?.files.get(memory.file) === 'object' ? [memory.file] : [];
}

/** It is current when its turn comes, and libvirt would look for an overlay that the VM does not have any more. */
function renameFilesSteps(snapshot: Snapshot, facts: Facts): readonly Step[] {
  const targets = externalTargets(snapshot);
  if (
    !isOnActivePath(facts.tree, snapshot.name) ||
    targets.every((target) => otherName(snapshot, target, facts) === undefined)
  ) {
    return [];
  }
  return nameOverlaysSteps(snapshot, (target) => overlayAbove(snapshot, target, facts));
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
 * | no                    | no, and there are more layers between, whose snapshots another client forgot | nothing: that is not what it made |
 * | no                    | the VM stands on what it froze itself, after a merge by hand | nothing: that is no overlay |
 */
function settleCurrentSteps(going: ReadonlySet<string>, facts: Facts): readonly Step[] {
  const { tree, vm, frozenDisks } = facts;
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
  const currentFileOf = (target: string): string | undefined =>
    lowest === undefined
      ? vm.disks.find((disk) => disk.target === target)?.source
      : backingFileOf(facts, lowest.name, target);
  const disks = externalTargets(current).map((target) => ({
    file: currentFileOf(target),
    below: backingFileOf(facts, name, target),
    overlay: namedOverlay(current, target),
  }));
  if (disks.some(({ file, below }) => file !== undefined && file === below)) {
    return [];
  }
  const differs = disks.some(
    ({ file, below, overlay }) =>
      file !== undefined && below !== undefined && file !== overlay && standsRightOn(file, below, facts),
  );
  return differs ? nameOverlaysSteps(current, currentFileOf) : [];
}

function standsRightOn(file: string, below: string, facts: Facts): boolean {
  const backing = imageOf(file, facts)?.backing;
  return backing === undefined ? restsOn(facts, file, below) : backing.file === below;
}

function nameOverlaysSteps(snapshot: Snapshot, overlayOf: (target: string) => string | undefined): readonly Step[] {
  const disks = externalTargets(snapshot).flatMap((target): readonly TargetFile[] => {
    const file = overlayOf(target);
    return file === undefined ? [] : [{ target, file }];
  });
  return [{ kind: 'makeCurrent', snapshot: snapshot.name, disks }];
}

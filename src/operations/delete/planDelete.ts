// Decides how snapshots are deleted so that nobody else's data goes with them. libvirt looks at the snapshot, its
// children and the active chain; what other branches need is looked at here.
import { notMarked } from '../../domain/hostFiles.js';
import { formatVersion, versionOf } from '../../domain/capabilities.js';
import { displayedInternalDeleteMs } from '../../domain/estimates.js';
import { externalDeletePlan } from './externalDeleteSteps.js';
import { filesLeftByDelete, neededFiles } from '../../domain/chains/deletedFiles.js';
import { canRemove } from '../../domain/chains/canRemove.js';
import { backingFileOf, takesPart } from '../../domain/chains/fileUse.js';
import { findHeldFile } from '../../domain/chains/otherVms.js';
import { immutableRefusal } from '../diskRefusals.js';
import { tagTwiceRefusal } from '../../domain/chains/tagNames.js';
import { versionWarnings } from '../../domain/knownVersions.js';
import { asleepOrCrashedRefusal, inUseRefusal, managedSaveRefusal, snapshotFor, unsteadyRefusal } from '../refusals.js';
import type { DeleteScope, OperationRequest } from '../../domain/operation.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { Warning } from '../../domain/consequences.js';
import { removal } from '../interruptedStep.js';
import { offlineMerges } from './offlineMerges.js';
import { externalDeleteRefusal } from './planExternalDelete.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isSafeName } from '../../domain/snapshotName.js';
import { isOnActivePath, leafFirst } from '../../domain/snapshotTree.js';
import { isActive } from '../../domain/vm.js';

type DeleteRequest = Extract<OperationRequest, { kind: 'delete' }>;

export function planDelete(request: DeleteRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, capabilities } = facts;
  const snapshot = snapshotFor('delete', request.snapshot, facts);
  if ('refusal' in snapshot) {
    return snapshot;
  }
  const obstacle = unsteadyRefusal(vm, 'delete') ?? asleepOrCrashedRefusal(vm, 'delete') ?? inUseRefusal(facts);
  if (obstacle !== undefined) {
    return obstacle;
  }
  const doomed = doomedBy(request.scope, snapshot, facts);
  const [first] = doomed;
  if (first === undefined) {
    return refuse('noDescendants', { snapshot: snapshot.title });
  }
  if (capabilities.driver === 'test') {
    return planInternalDelete(request, doomed, facts);
  }
  const mixed = doomed.find(({ style }) => style !== first.style);
  if (mixed !== undefined) {
    return refuse('mixedDescendants', { snapshot: snapshot.title, child: mixed.title });
  }
  if (first.style === 'internal') {
    return firstOf(doomed, (one) => internalRefusal(one, facts)) ?? planInternalDelete(request, doomed, facts);
  }
  const ownMerges = offlineMerges(doomed, facts);
  return (
    managedSaveRefusal(facts) ??
    externalDeleteRefusal(doomed, ownMerges, facts, request.despiteUnread === true ? 'passOver' : 'refuse') ??
    externalDeletePlan(request, doomed, ownMerges, facts)
  );
}

function firstOf(
  snapshots: readonly Snapshot[],
  obstacle: (snapshot: Snapshot) => RefusedDecision | undefined,
): RefusedDecision | undefined {
  for (const snapshot of snapshots) {
    const found = obstacle(snapshot);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/**
 * Children before parents, and of those the ones that the VM does not run on first: only then is the current snapshot
 * a leaf, which it has to be. The VM keeps its present state throughout.
 */
function doomedBy(scope: DeleteScope, snapshot: Snapshot, { tree }: Facts): readonly Snapshot[] {
  if (scope === 'one') {
    return [snapshot];
  }
  const all = leafFirst(tree, snapshot.name);
  const isOnPath = (one: Snapshot): boolean => isOnActivePath(tree, one.name);
  const ordered = [...all.filter((one) => !isOnPath(one)), ...all.filter(isOnPath)];
  return scope === 'withDescendants' ? ordered : ordered.slice(0, -1);
}

/**
 * What libvirt cannot do to an image here, it does not tell: it answers that the snapshot is gone, and its tag is there
 * still (measured with 9.0: `qemuDomainSnapshotForEachQcow2` passes over what qemu-img refuses, and over what a monitor
 * says).
 *
 * | VM     | image that holds it     | name                        | → |
 * |--------|-------------------------|-----------------------------|---|
 * | any    | holds two of its name   | any                         | tagTwice |
 * | any    | marked as damaged       | any                         | imageCorrupt |
 * | off    | no program can write to it | any                      | imageImmutable |
 * | off    | a program has it open, if only to read | any          | heldByProgram |
 * | off    | any other               | any                         | ok |
 * | active | not the one in use      | any                         | imageNotActive: where the VM has that disk no more, 9.0 crashes |
 * | active | in use, or not known    | unsafe, libvirt ≥ 10.9      | unsafeSnapshotName |
 * | active | in use, or not known    | other                       | ok |
 */
function internalRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { vm, capabilities } = facts;
  const twice = tagTwiceRefusal(snapshot, facts);
  if (twice !== undefined) {
    return twice;
  }
  const held = (facts.frozenDisks?.get(snapshot.name) ?? vm.disks).filter(({ target }) => takesPart(snapshot, target));
  for (const { target, source: file = '' } of held) {
    const image = facts.files?.images.get(file);
    if (typeof image === 'object' && image.corrupt === true) {
      return refuse('imageCorrupt', { snapshot: snapshot.title, disk: target, file, ...notMarked(image) });
    }
  }
  if (!isActive(vm.power)) {
    const file = findHeldFile(new Set(held.flatMap(({ source }) => source ?? [])), facts);
    return (
      immutableRefusal(held, facts) ?? (file === undefined ? undefined : refuse('heldByProgram', { vm: vm.name, file }))
    );
  }
  for (const { target } of held) {
    const file = backingFileOf(facts, snapshot.name, target);
    if (file !== undefined && vm.disks.every((disk) => disk.target !== target || disk.source !== file)) {
      return refuse('imageNotActive', { snapshot: snapshot.title, disk: target, file });
    }
  }
  return capabilities.libvirt >= versionOf(10, 9) && !isSafeName(snapshot.name)
    ? refuse('unsafeSnapshotName', { snapshot: snapshot.title, version: formatVersion(capabilities.libvirt) })
    : undefined;
}

/**
 * One call for each: told to delete a snapshot with its children, libvirt 9.0 goes through the list of those that it
 * has just freed, and its daemon dies (`virDomainMomentForEachChild`), with half of them gone. Behind each goes the
 * copy of the UEFI variables, where it had one beside it.
 */
function planInternalDelete(request: DeleteRequest, doomed: readonly Snapshot[], facts: Facts): DraftPlan {
  const { vm, capabilities } = facts;
  const estimateMs = displayedInternalDeleteMs(vm, doomed, facts.measured);
  const names = doomed.map(({ name }) => name);
  const needed = neededFiles(new Set(names), facts);
  const filesLeftOf = (snapshot: Snapshot): readonly string[] =>
    capabilities.driver === 'qemu' ? filesLeftByDelete(snapshot, 'libvirt', needed, facts) : [];
  const warnings: Warning[] =
    isActive(vm.power) && capabilities.driver === 'qemu' ? [{ kind: 'guestStandsStill', estimateMs }] : [];
  return {
    kind: 'plan',
    request,
    steps: doomed.flatMap((snapshot): readonly Step[] => [
      { kind: 'deleteSnapshot', snapshot: snapshot.name },
      ...removal(filesLeftOf(snapshot).filter((file) => canRemove(file, facts))),
    ]),
    deletes: names,
    losses: [{ kind: 'restorePoints', names }],
    warnings: [
      ...warnings,
      ...freedSpaceWarnings(doomed, facts),
      ...doomed
        .flatMap(filesLeftOf)
        .flatMap((file): readonly Warning[] => (canRemove(file, facts) ? [] : [{ kind: 'leavesFile', file }])),
      ...versionWarnings(capabilities, { action: 'delete', style: 'internal', kind: 'memory', vm }),
    ],
    progress: 'timeOnly',
    estimateMs,
    snapshot: request.snapshot,
  };
}

/**
 * | snapshots that go      | they free                                                      |
 * |------------------------|----------------------------------------------------------------|
 * | one                    | what it alone holds                                            |
 * | all                    | what no present state holds                                    |
 * | some                   | what each alone holds, and what they hold together: at least the first |
 * | one that was not read  | not known: nothing is said                                     |
 */
function freedSpaceWarnings(doomed: readonly Snapshot[], { tree, layers }: Facts): readonly Warning[] {
  const sizes = doomed.flatMap(({ name }) => layers?.snapshots.find(({ snapshot }) => snapshot === name) ?? []);
  const alone = sizes.flatMap(({ bytes }) => (typeof bytes === 'number' ? [bytes] : []));
  if (alone.length < doomed.length) {
    return [];
  }
  const sum = alone.reduce((total, bytes) => total + bytes, 0);
  const how = sizes.every((one) => one.how === 'exact') ? 'exact' : 'estimate';
  if (doomed.length === 1) {
    return [{ kind: 'frees', bytes: sum, how }];
  }
  const together = doomed.length === tree.snapshots.length ? layers?.together?.bytes : undefined;
  return [
    typeof together === 'number'
      ? { kind: 'frees', bytes: together, how }
      : { kind: 'frees', bytes: sum, how: 'atLeast' },
  ];
}

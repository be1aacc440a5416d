// Decides how snapshots are deleted so that nobody else's data goes with them. libvirt looks at the snapshot, its
// children and the active chain; what other branches need is looked at here.
import { type Capabilities, formatVersion, versionOf } from './capabilities.js';
import { internalDeleteMs } from './estimates.js';
import { frozenFile, takesPart } from './fileUse.js';
import { versionWarnings } from './knownVersions.js';
import {
  blockJobObstacle,
  driverObstacle,
  managedSaveObstacle,
  missingObstacle,
  readOnlyObstacle,
  unsteadyObstacle,
} from './obstacles.js';
import type { OperationRequest } from './operation.js';
import type { Decision, Plan, Situation, Step, Warning } from './plan.js';
import { externalDeleteObstacle } from './planExternalDelete.js';
import { type Refused, refuse } from './refusal.js';
import type { Snapshot } from './snapshot.js';
import { isSafeName } from './snapshotName.js';
import { findSnapshot, isOnActivePath, leafFirst } from './snapshotTree.js';
import { isActive } from './vm.js';

type DeleteRequest = Extract<OperationRequest, { type: 'delete' }>;

export function planDelete(request: DeleteRequest, situation: Situation): Decision {
  const { vm, tree, capabilities } = situation;
  const snapshot = findSnapshot(tree, request.snapshot);
  const obstacle =
    readOnlyObstacle(vm, capabilities, 'delete') ??
    driverObstacle(capabilities, 'delete') ??
    missingObstacle(situation, request.snapshot) ??
    unsteadyObstacle(vm, 'delete') ??
    asleepOrCrashed(situation) ??
    blockJobObstacle(situation);
  if (obstacle !== undefined || snapshot === undefined) {
    return obstacle ?? refuse('snapshotMissing', { vm: vm.name, snapshot: request.snapshot });
  }
  const doomed = request.scope === 'one' ? [snapshot] : deletionOrder(situation, snapshot);
  if (capabilities.driver === 'test') {
    return inOneStep(request, doomed, situation);
  }
  const mixed = doomed.find(({ style }) => style !== snapshot.style);
  if (mixed !== undefined) {
    return refuse('mixedDescendants', { snapshot: snapshot.title, child: mixed.title });
  }
  if (snapshot.style === 'internal') {
    return firstOf(doomed, (one) => internalObstacle(one, situation)) ?? inOneStep(request, doomed, situation);
  }
  return (
    managedSaveObstacle(vm) ??
    externalDeleteObstacle(doomed, situation) ??
    oneByOne(request, snapshot, doomed, situation)
  );
}

/** What a delete does to a VM in one of these states is not known; waking it, or cutting its power, makes it so. */
function asleepOrCrashed({ vm: { name, power } }: Situation): Refused | undefined {
  return power === 'asleep'
    ? refuse('asleepVm', { vm: name, action: 'delete' })
    : power === 'crashed'
      ? refuse('crashedVm', { vm: name, action: 'delete' })
      : undefined;
}

function firstOf(
  snapshots: readonly Snapshot[],
  obstacle: (snapshot: Snapshot) => Refused | undefined,
): Refused | undefined {
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
function deletionOrder({ tree }: Situation, snapshot: Snapshot): readonly Snapshot[] {
  const all = leafFirst(tree, snapshot.name);
  const running = (one: Snapshot): boolean => isOnActivePath(tree, one.name);
  return [...all.filter((one) => !running(one)), ...all.filter(running)];
}

/**
 * | VM     | image that holds it     | name                        | → |
 * |--------|-------------------------|-----------------------------|---|
 * | off    | any                     | any                         | ok |
 * | active | not the one in use      | any                         | imageNotActive |
 * | active | in use, or not known    | unsafe, libvirt ≥ 10.9      | unsafeSnapshotName |
 * | active | in use, or not known    | other                       | ok |
 */
function internalObstacle(snapshot: Snapshot, situation: Situation): Refused | undefined {
  const { vm, capabilities } = situation;
  if (!isActive(vm.power)) {
    return undefined;
  }
  for (const { target } of vm.disks.filter((disk) => takesPart(snapshot, disk.target))) {
    const file = frozenFile(situation, snapshot.name, target);
    if (file !== undefined && vm.disks.every((disk) => disk.target !== target || disk.source !== file)) {
      return refuse('imageNotActive', { snapshot: snapshot.title, disk: target, file });
    }
  }
  return capabilities.libvirt >= versionOf(10, 9) && !isSafeName(snapshot.name)
    ? refuse('unsafeSnapshotName', { snapshot: snapshot.title, version: formatVersion(capabilities.libvirt) })
    : undefined;
}

/** libvirt deletes a whole tree of internal snapshots in one call. */
function inOneStep(request: DeleteRequest, doomed: readonly Snapshot[], { vm, capabilities }: Situation): Plan {
  const withChildren = request.scope === 'withDescendants' && doomed.length > 1;
  const estimateMs = internalDeleteMs(vm.memoryBytes) * doomed.length;
  const warnings: Warning[] =
    isActive(vm.power) && capabilities.driver === 'qemu' ? [{ about: 'guestStandsStill', estimateMs }] : [];
  return {
    type: 'plan',
    request,
    steps: [{ do: 'deleteSnapshot', snapshot: request.snapshot, withChildren }],
    losses: [{ what: 'restorePoints', names: doomed.map(({ name }) => name) }],
    warnings: [
      ...warnings,
      ...versionWarnings(capabilities, { action: 'delete', style: 'internal', kind: 'memory', vm }),
    ],
    progress: 'timeOnly',
    estimateMs,
    snapshot: request.snapshot,
  };
}

/**
 * libvirt refuses to delete a tree of external snapshots, so each gets a step of its own.
 *
 * | the VM runs on it | what happens                                        | VM off              |
 * |-------------------|-----------------------------------------------------|---------------------|
 * | yes               | the overlay above is merged down into the frozen file | QEMU is started for it |
 * | no                | the file is removed                                 | nothing is started  |
 */
function oneByOne(request: DeleteRequest, snapshot: Snapshot, doomed: readonly Snapshot[], situation: Situation): Plan {
  const { vm, tree, capabilities } = situation;
  const merges = doomed.some((one) => isOnActivePath(tree, one.name));
  const into = merges ? frozenOf(snapshot, situation) : undefined;
  const warnings: Warning[] = [];
  if (merges) {
    warnings.push({ about: 'merges', ...(into === undefined ? {} : { into }) });
    if (!isActive(vm.power)) {
      warnings.push({ about: 'startsQemu' });
    }
  }
  const known = versionWarnings(capabilities, { action: 'delete', style: 'external', kind: snapshot.kind, vm });
  return {
    type: 'plan',
    request,
    steps: doomed.map(({ name }): Step => ({ do: 'deleteSnapshot', snapshot: name, withChildren: false })),
    losses: [{ what: 'restorePoints', names: doomed.map(({ name }) => name) }],
    warnings: [...warnings, ...leftFiles(doomed, capabilities), ...known],
    progress: merges ? 'percent' : 'timeOnly',
    snapshot: snapshot.name,
  };
}

function frozenOf(snapshot: Snapshot, situation: Situation): string | undefined {
  const { target } = snapshot.disks.find((disk) => disk.location === 'external') ?? {};
  if (target === undefined) {
    return undefined;
  }
  const chain = situation.vm.disks.find((disk) => disk.target === target);
  const layers = [chain?.source, ...(chain?.backing ?? [])];
  const overlay = snapshot.disks.find((disk) => disk.target === target)?.file;
  const below = overlay === undefined ? -1 : layers.indexOf(overlay);
  return frozenFile(situation, snapshot.name, target) ?? (below < 0 ? undefined : layers[below + 1]);
}

/** Measured: 9.0 forgets the memory file; libvirt's news has it removed from 9.1 on. */
function leftFiles(doomed: readonly Snapshot[], { libvirt }: Capabilities): readonly Warning[] {
  return libvirt >= versionOf(9, 1)
    ? []
    : doomed.flatMap(({ memory }) => (memory.file === undefined ? [] : [{ about: 'leavesFile', file: memory.file }]));
}

// Decides how a revert is done and what it costs. A revert that fails leaves a running VM off: libvirt stops it before
// most of its own checks. So whatever can be known beforehand is looked at here.
import { formatVersion, versionOf } from './capabilities.js';
import { revertMs } from './estimates.js';
import { frozenFile, restingOn, snapshotsIn, takesPart } from './fileUse.js';
import { versionWarnings } from './knownVersions.js';
import {
  blockJobObstacle,
  driverObstacle,
  managedSaveObstacle,
  missingObstacle,
  readOnlyObstacle,
  unsteadyObstacle,
} from './obstacles.js';
import type { AfterRevert, OperationRequest } from './operation.js';
import type { Decision, Loss, Situation, Step, Warning } from './plan.js';
import { externalRevertObstacle } from './planExternalRevert.js';
import { type Refused, refuse } from './refusal.js';
import type { Snapshot } from './snapshot.js';
import { isSafeName } from './snapshotName.js';
import { currentOf, findSnapshot, parentOf, styleOfVm } from './snapshotTree.js';
import { type PowerState, isActive, snapshotableDisks } from './vm.js';

type RevertRequest = Extract<OperationRequest, { type: 'revert' }>;
export type EndState = 'running' | 'paused' | 'off';

export function planRevert(request: RevertRequest, situation: Situation): Decision {
  const { vm, tree, capabilities } = situation;
  const snapshot = findSnapshot(tree, request.snapshot);
  const obstacle =
    readOnlyObstacle(vm, capabilities, 'revert') ??
    driverObstacle(capabilities, 'revert') ??
    missingObstacle(situation, request.snapshot) ??
    managedSaveObstacle(vm) ??
    unsteadyObstacle(vm, 'revert') ??
    blockJobObstacle(situation);
  if (obstacle !== undefined || snapshot === undefined) {
    return obstacle ?? refuse('snapshotMissing', { vm: vm.name, snapshot: request.snapshot });
  }
  const end = endOf(request.after, snapshot, vm.power);
  const problem =
    stateObstacle(snapshot) ??
    (!vm.persistent && end === 'off' ? refuse('transientVm', { vm: vm.name, snapshot: snapshot.title }) : undefined) ??
    (capabilities.driver === 'qemu'
      ? (unfinishedDeleteObstacle(snapshot, situation) ??
        (snapshot.style === 'external'
          ? externalRevertObstacle(snapshot, situation)
          : internalObstacle(snapshot, situation)))
      : undefined);
  if (problem !== undefined) {
    return problem;
  }
  return {
    type: 'plan',
    request,
    steps: stepsTo(end, snapshot),
    losses: lossesOf(situation),
    warnings: warningsOf(snapshot, situation),
    progress: 'timeOnly',
    estimateMs: revertMs(vm, snapshot, end === 'off' ? 'off' : 'active'),
    snapshot: snapshot.name,
  };
}

/** What the VM is after a revert without a flag: only RAM of a running or paused VM brings it back so. */
function naturalEnd({ state }: Snapshot): EndState {
  return state === 'running' || state === 'paused' ? state : 'off';
}

/**
 * | after            | VM now                        | end                |
 * |------------------|-------------------------------|--------------------|
 * | asSnapshot       | any                           | as in the snapshot |
 * | running, paused, off | any                       | that               |
 * | asBefore         | running, shutting down, asleep | running           |
 * | asBefore         | paused                        | paused             |
 * | asBefore         | off, crashed                  | off                |
 * | asBefore         | unknown                       | as in the snapshot |
 */
export function endOf(after: AfterRevert, snapshot: Snapshot, now: PowerState): EndState {
  if (after === 'asSnapshot') {
    return naturalEnd(snapshot);
  }
  if (after !== 'asBefore') {
    return after;
  }
  switch (now) {
    case 'running':
    case 'shuttingDown':
    case 'asleep':
      return 'running';
    case 'paused':
      return 'paused';
    case 'off':
    case 'crashed':
      return 'off';
    case 'unknown':
      return naturalEnd(snapshot);
  }
}

/**
 * | natural end     | wanted  | steps                                                                  |
 * |-----------------|---------|------------------------------------------------------------------------|
 * | the same        | the same | revert                                                                |
 * | any             | running | revert, running: what had no RAM boots                                 |
 * | any             | paused  | revert, paused                                                         |
 * | running, paused | off     | revert, paused, so that nothing runs in between; then the power is cut |
 */
function stepsTo(end: EndState, snapshot: Snapshot): readonly Step[] {
  const { name } = snapshot;
  if (end === naturalEnd(snapshot)) {
    return [{ do: 'revert', snapshot: name, to: 'asSnapshot' }];
  }
  return end === 'off'
    ? [
        { do: 'revert', snapshot: name, to: 'paused' },
        { do: 'power', action: 'forceOff' },
      ]
    : [{ do: 'revert', snapshot: name, to: end }];
}

function stateObstacle({ state, title }: Snapshot): Refused | undefined {
  return state === 'pmsuspended' || state === 'unknown'
    ? refuse('stateNotReachable', { snapshot: title, state })
    : undefined;
}

/** A delete that broke off has left the file with this snapshot's content half merged with what came after. */
function unfinishedDeleteObstacle(snapshot: Snapshot, situation: Situation): Refused | undefined {
  for (const marked of situation.tree.snapshots) {
    for (const disk of marked.disks.filter(({ deleteInProgress }) => deleteInProgress)) {
      const frozen = frozenFile(situation, snapshot.name, disk.target);
      const isChild = parentOf(situation.tree, snapshot.name)?.name === marked.name;
      if (frozen === undefined ? isChild : frozen === disk.file) {
        return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: disk.target });
      }
    }
  }
  return undefined;
}

/**
 * After a revert the VM writes into the image that holds the internal snapshot.
 *
 * | who rests on that image                                | → |
 * |--------------------------------------------------------|---|
 * | nobody, or internal snapshots inside it                | ok |
 * | an external snapshot, whose overlay hangs on it        | internalBaseInUse |
 * | any snapshot, or the VM, in an overlay above it        | internalBaseInUse |
 * | not known, on a VM of both styles                      | internalBaseInUse |
 */
function internalObstacle(snapshot: Snapshot, situation: Situation): Refused | undefined {
  const { tree, vm, capabilities, frozenDisks } = situation;
  const byJobs = capabilities.libvirt >= versionOf(10, 9) && snapshot.kind === 'memory';
  if (byJobs && !isSafeName(snapshot.name)) {
    return refuse('unsafeSnapshotName', { snapshot: snapshot.title, version: formatVersion(capabilities.libvirt) });
  }
  if (frozenDisks === undefined) {
    return undefined;
  }
  const images = (frozenDisks.get(snapshot.name) ?? []).filter(({ target }) => takesPart(snapshot, target));
  if (images.length === 0) {
    return styleOfVm(tree) === 'mixed' ? refuse('internalBaseInUse', { snapshot: snapshot.title }) : undefined;
  }
  for (const { source: file } of images) {
    const resting = restingOn(situation, file === undefined ? [] : [file]);
    if (vm.disks.some((disk) => disk.source !== undefined && disk.source !== file && resting.has(disk.source))) {
      return refuse('internalBaseInUse', { snapshot: snapshot.title, ...(file === undefined ? {} : { file }) });
    }
    const user = snapshotsIn(situation, resting).find(
      (use) => use.snapshot.name !== snapshot.name && (use.file !== file || use.snapshot.style === 'external'),
    );
    if (user !== undefined) {
      return refuse('internalBaseInUse', { snapshot: snapshot.title, file: user.file, by: user.snapshot.title });
    }
  }
  return undefined;
}

/** libvirt makes no copy of anything it leaves. */
function lossesOf({ vm, tree }: Situation): readonly Loss[] {
  const since = currentOf(tree)?.name;
  const losses: Loss[] = [];
  if (snapshotableDisks(vm).length > 0) {
    losses.push({ what: 'diskChanges', ...(since === undefined ? {} : { since }) });
  }
  if (isActive(vm.power)) {
    losses.push({ what: 'ram' });
  }
  return [...losses, { what: 'configuration' }];
}

function warningsOf(snapshot: Snapshot, { vm, capabilities }: Situation): readonly Warning[] {
  const { style, kind, trailers } = snapshot;
  const known = versionWarnings(capabilities, { action: 'revert', style, kind, vm });
  return kind === 'disk' && trailers.consistency !== 'quiesced' ? [{ about: 'crashConsistent' }, ...known] : known;
}

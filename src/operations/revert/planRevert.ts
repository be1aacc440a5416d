// Decides how a revert is done and what it costs. A revert that fails leaves a running VM off: libvirt stops it before
// most of its own checks. So whatever can be known beforehand is looked at here.
import { displayedRevertMs } from '../../domain/estimates.js';
import { versionWarnings } from '../../domain/knownVersions.js';
import { checkpointRefusal, revertRefusal } from '../diskRefusals.js';
import { dropSaveSteps } from '../dropSaveSteps.js';
import { unreadableContentRefusal } from '../readableNow.js';
import { unknownTagsWarning } from '../../domain/chains/doomedTags.js';
import { startRefusal } from '../startRefusal.js';
import { sharedStateRefusal, stateBackSteps } from '../stateSteps.js';
import { inUseRefusal, snapshotFor, unsteadyRefusal } from '../refusals.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { DraftPlan } from '../plan.js';
import type { Loss, Warning } from '../../domain/consequences.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import { type Checkpoint, type NoCheckpointNeeded, planCheckpoint } from '../create/planCheckpoint.js';
import { type EndState, endOf, naturalEnd } from './endState.js';
import { planEmulatedRevert, type WayBack } from './planEmulatedRevert.js';
import { overlaysRemovedByLibvirt, nativeRevertRefusal, secondToWaitFor } from './planNativeRevert.js';
import { type RefusalReason, type RefusedDecision, refuse } from '../../domain/refusal.js';
import { revertLosses, bringsRam, revertWarnings } from './revertWarnings.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { otherRamRefusal, surroundingsRefusal } from '../../domain/chains/snapshotWhole.js';
import { hasTpm, isActive } from '../../domain/vm.js';
import { formatVersion, versionOf } from '../../domain/capabilities.js';
import { unclosedRefusal } from '../unclosedImages.js';
import { isInside, restingOn, restsOn, snapshotsIn, takesPart } from '../../domain/chains/fileUse.js';
import { wrongTagRefusal } from '../../domain/chains/tagNames.js';
import { outsideUserRefusal } from '../../domain/chains/otherVms.js';
import { isSafeName } from '../../domain/snapshotName.js';
import { loadsAgain } from '../../domain/snapshotStyle.js';
import { styleOfVm } from '../../domain/snapshotTree.js';

/**
 * Where libvirt cannot load its RAM, it notices when it has stopped the VM: see `loadsAgain`.
 * Where the name leads QEMU to another tag: see `wrongTagRefusal`.
 *
 * | who rests on that image                                | → |
 * |--------------------------------------------------------|---|
 * | nobody, or internal snapshots inside it                | ok |
 * | an external snapshot, whose overlay hangs on it        | internalBaseInUse |
 * | any snapshot, or the VM, in an overlay above it        | internalBaseInUse |
 * | it on a file that the VM writes to                     | frozenFileInUse |
 * | another VM, an image that no VM names, a program       | usedByOtherVm, usedByImage, heldByProgram |
 * | not known, on a VM of both styles                      | internalBaseInUse |
 *
 * From 10.9 on a running VM's snapshots are jobs of QEMU, whose names bear fewer characters.
 */
function internalRevertRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { tree, vm, capabilities, frozenDisks } = facts;
  const byJobs = capabilities.libvirt >= versionOf(10, 9) && snapshot.kind === 'memory';
  if (byJobs && !isSafeName(snapshot.name)) {
    return refuse('unsafeSnapshotName', { snapshot: snapshot.title, version: formatVersion(capabilities.libvirt) });
  }
  if (snapshot.kind === 'memory' && !loadsAgain(snapshot, capabilities)) {
    return refuse('ramNotLoadable', { vm: vm.name, snapshot: snapshot.title });
  }
  const wrong = wrongTagRefusal(snapshot, facts);
  if (wrong !== undefined || frozenDisks === undefined) {
    return wrong;
  }
  const images = (frozenDisks.get(snapshot.name) ?? []).filter(({ target }) => takesPart(snapshot, target));
  if (images.length === 0) {
    return styleOfVm(tree) === 'mixed' ? refuse('internalBaseInUse', { snapshot: snapshot.title }) : undefined;
  }
  for (const { source: file } of images) {
    const written = vm.disks.find(
      ({ source }) => source !== undefined && file !== undefined && source !== file && restsOn(facts, file, source),
    );
    if (written !== undefined) {
      const { target: disk, source = '' } = written;
      return refuse('frozenFileInUse', { vm: vm.name, snapshot: snapshot.title, disk, file: source });
    }
    const resting = restingOn(facts, file === undefined ? [] : [file]);
    if (vm.disks.some((disk) => disk.source !== undefined && disk.source !== file && resting.has(disk.source))) {
      return refuse('internalBaseInUse', { snapshot: snapshot.title, ...(file === undefined ? {} : { file }) });
    }
    const user = snapshotsIn(facts, resting).find(
      (use) => use.snapshot.name !== snapshot.name && (use.file !== file || use.snapshot.style === 'external'),
    );
    if (user !== undefined) {
      return refuse('internalBaseInUse', { snapshot: snapshot.title, file: user.file, by: user.snapshot.title });
    }
    const outsider = outsideUserRefusal(resting, facts);
    if (outsider !== undefined) {
      return outsider;
    }
  }
  return undefined;
}

type RevertRequest = Extract<OperationRequest, { kind: 'revert' }>;

/**
 * | present                      | asked to keep it | before the way back             | lost                    |
 * |------------------------------|------------------|---------------------------------|-------------------------|
 * | any                          | yes              | its checkpoint                  | nothing; see planCheckpoint |
 * | unchanged, see planCheckpoint | yes             | nothing                         | nothing                 |
 * | a managed save               | no               | dropManagedSave: it would survive the revert, and put its RAM on other disks | see revertLosses |
 * | any other                    | no               | nothing                         | see revertLosses        |
 *
 * The way back is decided on the facts as they will be after that. Where neither can be had, the way back tells its
 * reason: the checkpoint is not what stands in the way then.
 */
export function planRevert(request: RevertRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm } = facts;
  const snapshot = snapshotFor('revert', request.snapshot, facts);
  if ('refusal' in snapshot) {
    return snapshot;
  }
  const end = endOf(request.after, snapshot, vm.power);
  const problem = unsteadyRefusal(vm, 'revert') ?? inUseRefusal(facts) ?? contentRefusal(snapshot, end, facts);
  if (problem !== undefined) {
    return problem;
  }
  const kept = request.checkpointFirst === true ? planCheckpoint(request, snapshot, facts) : undefined;
  const way = planWayBack(request, snapshot, end, kept?.kind === 'checkpoint' ? kept.after : facts);
  if (way.kind === 'refusal' || kept?.kind === 'refusal') {
    return way.kind === 'refusal' ? way : (kept as RefusedDecision);
  }
  const steps = [...(kept?.kind === 'checkpoint' ? kept.steps : []), ...way.steps, ...clockSteps(snapshot, end, facts)];
  // With a checkpoint, or where none is needed, only what holds nothing may go.
  const removes = kept === undefined ? way.removes : [];
  return {
    kind: 'plan',
    request,
    steps,
    ...(removes.length === 0 ? {} : { removes }),
    losses: [...lossesOf(kept, snapshot, removes, facts), ...tpmLoss(kept, snapshot, way.steps, facts)],
    warnings: [
      ...keptWarnings(kept),
      ...way.warnings,
      ...revertWarnings(snapshot, steps, facts),
      ...versionWarnings(facts.capabilities, {
        action: 'revert',
        style: snapshot.style,
        kind: snapshot.kind,
        vm,
      }),
    ],
    progress: 'timeOnly',
    estimateMs: displayedRevertMs(
      {
        vm,
        snapshot,
        ends: end === 'off' ? 'off' : 'active',
        ...(kept?.kind === 'checkpoint' && { checkpointMs: kept.estimateMs }),
      },
      facts.measured,
    ),
    snapshot: snapshot.name,
    ...(kept?.kind === 'checkpoint' ? { checkpoint: kept.name, spaceBytes: kept.spaceBytes } : {}),
    ...(kept?.kind === 'spared' ? { spared: kept.since } : {}),
  };
}

/**
 * RAM brings the guest's clock of then back. Its agent can set it; whether one will answer in a VM that is off now
 * shows only then.
 *
 * | snapshot | end     | VM now | agent           | → |
 * |----------|---------|--------|-----------------|---|
 * | memory   | running | active | answers         | setGuestClock |
 * | memory   | running | off    | has its channel | setGuestClock |
 * | any other combination      |        |                 | nothing |
 */
function clockSteps({ kind }: Snapshot, end: EndState, { vm, agent, capabilities }: Facts): readonly Step[] {
  const heard = isActive(vm.power) ? agent === 'answers' : vm.agentChannel;
  return kind === 'memory' && end === 'running' && heard && capabilities.driver === 'qemu'
    ? [{ kind: 'setGuestClock' }]
    : [];
}

type KeptPresent = Checkpoint | NoCheckpointNeeded | undefined;

function lossesOf(kept: KeptPresent, snapshot: Snapshot, removes: readonly string[], facts: Facts): readonly Loss[] {
  switch (kept?.kind) {
    case 'checkpoint':
      return kept.losses;
    case 'spared':
      return [];
    case undefined:
      return [
        ...revertLosses(snapshot, facts),
        ...(removes.length === 0 ? [] : [{ kind: 'files', files: removes } as const]),
      ];
  }
}

/** RAM brings the state of its moment back; a checkpoint with RAM holds that of now, or a copy beside it does. */
function tpmLoss(kept: KeptPresent, snapshot: Snapshot, steps: readonly Step[], { vm }: Facts): readonly Loss[] {
  const isKept =
    kept?.kind === 'checkpoint' &&
    kept.steps.some(
      (step) =>
        (step.kind === 'createSnapshot' && step.snapshotKind === 'memory') ||
        (step.kind === 'copyFile' && step.from === vm.tpmState),
    );
  return hasTpm(vm) && bringsRam(snapshot, steps) && !isKept ? [{ kind: 'tpm' }] : [];
}

function keptWarnings(kept: KeptPresent): readonly Warning[] {
  switch (kept?.kind) {
    case 'checkpoint':
      return kept.warnings;
    case 'spared':
      return [{ kind: 'noCheckpointNeeded', since: kept.since }];
    case undefined:
      return [];
  }
}

/** Rules about the snapshot's content as it is now: no checkpoint mends it. */
function contentRefusal(snapshot: Snapshot, end: EndState, facts: Facts): RefusedDecision | undefined {
  const { vm, capabilities } = facts;
  return (
    stateRefusal(snapshot) ??
    (!vm.persistent && end === 'off' ? refuse('transientVm', { vm: vm.name, snapshot: snapshot.title }) : undefined) ??
    (capabilities.driver === 'qemu'
      ? (checkpointRefusal(facts, 'reverted') ??
        revertRefusal(snapshot, facts) ??
        unreadableContentRefusal(snapshot, facts) ??
        unclosedBelowRefusal(snapshot, facts) ??
        surroundingsRefusal(snapshot, end, facts) ??
        startRefusal(snapshot.name, end !== 'off' || loadsRam(snapshot), facts) ??
        sharedStateRefusal(snapshot, facts) ??
        (end === 'off' ? undefined : otherRamRefusal(snapshot, facts)))
      : undefined)
  );
}

/** RAM inside an image is loaded to stop the VM again. */
function loadsRam({ style, kind }: Snapshot): boolean {
  return style === 'internal' && kind === 'memory';
}

/** What is inside of an image comes back in that image, which QEMU opens to write. */
function unclosedBelowRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const disks = (facts.frozenDisks?.get(snapshot.name) ?? []).filter(({ target }) => takesPart(snapshot, target));
  const inside = disks.filter(({ target }) => isInside(snapshot, target));
  return snapshot.kind === 'memory'
    ? (unclosedRefusal(inside, 'below', facts) ??
        unclosedRefusal(
          disks.filter((disk) => !inside.includes(disk)),
          'all',
          facts,
        ))
    : undefined;
}

/** What we can do where libvirt cannot, or where it would do damage. */
const curedByUs: ReadonlySet<RefusalReason> = new Set([
  'externalRevertUnsupported',
  'diskOnlyRevertUnsupported',
  'noCurrentSnapshot',
  'revertRemovesFile',
  'usedByOtherVm',
  'usedByImage',
  'folderTooFull',
  'heldByProgram',
  'otherVmUnread',
  'overlayNamesCollide',
  'diskTypeUnsupported',
  'overlayMissing',
  'filesOutOfReach',
  'ramOfOther',
  'startFileMissing',
  'tagInLayer',
  'encryptedDisk',
  'slicedDisk',
  'layerFormat',
  'unknownDiskElement',
  'formatUntold',
  'ownerChose',
]);

/**
 * | snapshot | libvirt's own revert       | → |
 * |----------|----------------------------|---|
 * | internal | refused                    | refused: in the image, there is no other way |
 * | internal | possible                   | by libvirt |
 * | external | possible                   | by libvirt |
 * | external | refused, see `curedByUs`   | by us, where the files are in reach |
 */
function planWayBack(
  request: RevertRequest,
  snapshot: Snapshot,
  end: EndState,
  facts: Facts,
): WayBack | RefusedDecision {
  const isQemu = facts.capabilities.driver === 'qemu';
  const obstacle = !isQemu
    ? undefined
    : snapshot.style === 'internal'
      ? internalRevertRefusal(snapshot, facts)
      : nativeRevertRefusal(snapshot, facts);
  if (obstacle === undefined) {
    return planNativeWay(snapshot, end, facts);
  }
  return snapshot.style === 'external' && curedByUs.has(obstacle.refusal.reason)
    ? planEmulatedRevert({ snapshot, end, vm: request.vm, why: obstacle.refusal, stop: 'afterOverlays' }, facts)
    : obstacle;
}

/**
 * | step            | when                                                                              |
 * |-----------------|-----------------------------------------------------------------------------------|
 * | dropManagedSave | there is one                                                                      |
 * | waitUntil       | an external snapshot, and an overlay of this very second is there                 |
 * | power forceOff, copyFile | a copy of UEFI variables, of the TPM's state is there: put back while the VM is off |
 * | revert          | always                                                                            |
 */
function planNativeWay(snapshot: Snapshot, end: EndState, facts: Facts): WayBack {
  const { vm, capabilities } = facts;
  const outside = snapshot.style === 'external' && capabilities.driver === 'qemu';
  const second = outside ? secondToWaitFor(facts) : undefined;
  const state = stateBackSteps(snapshot, facts);
  const cut: readonly Step[] =
    state.length > 0 && isActive(vm.power) && vm.persistent ? [{ kind: 'power', action: 'forceOff' }] : [];
  return {
    kind: 'way',
    steps: [
      ...dropSaveSteps(vm),
      ...(second === undefined ? [] : [{ kind: 'waitUntil', second } as const]),
      ...cut,
      ...(vm.persistent ? state : []),
      ...stepsToEndState(end, snapshot),
    ],
    removes: [],
    warnings: outside ? unknownTagsWarning(overlaysRemovedByLibvirt(facts), facts) : [],
  };
}

/**
 * | natural end     | wanted  | steps                                                                  |
 * |-----------------|---------|------------------------------------------------------------------------|
 * | the same        | the same | revert                                                                |
 * | any             | running | revert, running: what had no RAM boots                                 |
 * | any             | paused  | revert, paused                                                         |
 * | running, paused | off     | revert, paused, so that nothing runs in between; then the power is cut |
 */
function stepsToEndState(end: EndState, snapshot: Snapshot): readonly Step[] {
  const { name } = snapshot;
  if (end === naturalEnd(snapshot)) {
    return [{ kind: 'revert', snapshot: name, to: 'asSnapshot' }];
  }
  return end === 'off'
    ? [
        { kind: 'revert', snapshot: name, to: 'paused' },
        { kind: 'power', action: 'forceOff' },
      ]
    : [{ kind: 'revert', snapshot: name, to: end }];
}

function stateRefusal({ state, title }: Snapshot): RefusedDecision | undefined {
  return state === 'pmsuspended' || state === 'unknown'
    ? refuse('stateNotReachable', { snapshot: title, state })
    : undefined;
}

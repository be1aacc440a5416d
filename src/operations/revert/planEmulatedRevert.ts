// A revert to an external snapshot by our own hands, where libvirt cannot or would do damage: new overlays on the files
// that it froze, its configuration on them, and metadata with which any libvirt goes on, today and after an upgrade.
import { automaticTitles } from '../../domain/automaticTitles.js';
import { applyAll } from '../../steps/steps.js';
import { anotherFileRefusal } from '../diskRefusals.js';
import { dropSaveSteps } from '../dropSaveSteps.js';
import { backingFileOf, restingOn, snapshotsIn, takesPart } from '../../domain/chains/fileUse.js';
import { unknownTagsWarning } from '../../domain/chains/doomedTags.js';
import { stateBackSteps } from '../stateSteps.js';
import type { OperationRequest } from '../../domain/operation.js';
import { danglingOverlays } from '../../domain/chains/danglingOverlays.js';
import { actingFolder, chooseRevertOverlays, folderOf } from '../../domain/chains/overlayFiles.js';
import type { Warning } from '../../domain/consequences.js';
import type { Facts } from '../../domain/facts.js';
import type { Step, TargetFile } from '../../steps/step.js';
import { otherFolderRefusal } from '../refusals.js';
import { planCreate } from '../create/planCreate.js';
import { type Refusal, type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { freeTitle } from '../../domain/snapshotName.js';
import { childrenOf } from '../../domain/snapshotTree.js';
import { type VmDisk, isActive } from '../../domain/vm.js';

export interface WayBack {
  readonly kind: 'way';
  readonly steps: readonly Step[];
  /** Overlays of the state that is left, with what is in them. */
  readonly removes: readonly string[];
  readonly warnings: readonly Warning[];
}

/** `stop`: before the overlays are made, where the VM itself holds the files that they are to stand on. */
interface EmulatedRevert {
  readonly snapshot: Snapshot;
  readonly end: 'running' | 'paused' | 'off';
  readonly vm: OperationRequest['vm'];
  /** The refusal that it would be without us. */
  readonly why: Refusal;
  readonly stop: 'afterOverlays' | 'first';
}

/**
 * The steps, in an order in which nothing is lost by breaking off, and everything that can fail for want of space or
 * permission fails while the VM still runs:
 *
 * | step                | when                                                                                |
 * |---------------------|-------------------------------------------------------------------------------------|
 * | createOverlays      | always; where the VM holds the frozen files itself, after the next                  |
 * | power forceOff      | the VM is active                                                                    |
 * | dropManagedSave     | there is one                                                                        |
 * | defineFromSnapshot  | always                                                                              |
 * | makeCurrent         | always; with the overlays as its disks where the snapshot has no children           |
 * | copyFile            | a copy of UEFI variables, of the TPM's state is there                               |
 * | createSnapshot, layout | the snapshot has children: without a leaf of its own, libvirt from 9.9 on would take the overlay that these are built on for the VM's, and remove it at the next revert |
 * | restoreMemory       | the snapshot has RAM, and the VM is not to be off                                   |
 * | startPaused, power start | it has none, and the VM is to be paused, running                               |
 * | removeFiles         | overlays of the state that is left, if nobody rests on them                         |
 *
 * When it is refused, with the reason for which libvirt cannot, and why we cannot either:
 *
 * | facts                                                        | → |
 * |------------------------------------------------------------------|---|
 * | files or frozen disks were not looked at, as `completeFacts` does not allow | `why`            |
 * | a folder gave no answer                                      | notAllSeen                     |
 * | a folder is out of reach                                         | `why`, because filesOutOfReach |
 * | a transient VM                                                   | transientVm: it would be gone  |
 * | a disk of the snapshot is no file and no device                  | `why`, because diskTypeUnsupported |
 * | a disk cannot stand on another file                              | see `anotherFileRefusal` |
 * | an overlay could not be named, the leaf not be made              | that |
 */
export function planEmulatedRevert(
  { snapshot, end, vm: ref, why, stop }: EmulatedRevert,
  facts: Facts,
): WayBack | RefusedDecision {
  const { vm, frozenDisks, files } = facts;
  const refuseBecause = (reason: RefusedDecision): RefusedDecision => ({
    kind: 'refusal',
    refusal: { ...why, because: reason.refusal },
  });
  if (!vm.persistent) {
    return refuse('transientVm', { vm: vm.name, snapshot: snapshot.title });
  }
  const frozen = frozenDisks?.get(snapshot.name);
  if (frozen === undefined || files === undefined) {
    return { kind: 'refusal', refusal: why };
  }
  const disks = overlaidDisks(snapshot, facts);
  const odd = disks.find(
    ({ sourceType, source, device }) =>
      (sourceType !== 'file' && (sourceType !== 'block' || device === 'lun')) || source === undefined,
  );
  if (odd !== undefined) {
    return refuseBecause(refuse('diskTypeUnsupported', { vm: vm.name, disk: odd.target, type: odd.sourceType }));
  }
  const peculiar = anotherFileRefusal(disks, facts);
  if (peculiar !== undefined) {
    return peculiar;
  }
  const reach = reachRefusal(snapshot, disks, facts);
  if (reach !== undefined) {
    return reach.refusal.reason === 'notAllSeen' ? reach : refuseBecause(reach);
  }
  const overlays = chooseRevertOverlays(facts, disks);
  if ('kind' in overlays) {
    return overlays;
  }
  const targets = overlays.map(({ target, file }): TargetFile => ({ target, file }));
  const own = targets.filter(({ target }) => takesPart(snapshot, target));
  const left = danglingOverlays(facts);
  const make: readonly Step[] = [{ kind: 'createOverlays', overlays }];
  const cut: readonly Step[] =
    isActive(vm.power) || vm.power === 'crashed' ? [{ kind: 'power', action: 'forceOff' }] : [];
  const define: readonly Step[] = [
    ...(stop === 'first' ? [...cut, ...make] : [...make, ...cut]),
    ...dropSaveSteps(vm),
    { kind: 'defineFromSnapshot', snapshot: snapshot.name, disks: exceptOnly('running', targets, frozen) },
  ];
  const leaf = planLeaf(snapshot, ref, define, facts);
  if (leaf.kind === 'refusal') {
    return refuseBecause(leaf);
  }
  const steps: readonly Step[] = [
    ...define,
    { kind: 'makeCurrent', snapshot: snapshot.name, ...(leaf.steps.length === 0 ? { disks: own } : {}) },
    ...stateBackSteps(snapshot, facts),
    ...leaf.steps,
    ...startSteps(snapshot, end, exceptOnly('configured', finalFiles(targets, leaf.steps), frozen)),
    ...(left.removable.length === 0 ? [] : [{ kind: 'removeFiles', files: left.removable } as const]),
  ];
  return {
    kind: 'way',
    steps,
    removes: left.removable,
    warnings: [
      { kind: 'doneByUs', why },
      ...(leaf.title === undefined ? [] : [{ kind: 'makesLeaf', title: leaf.title } as const]),
      ...unknownTagsWarning(left.removable, facts),
      ...left.kept.map((file): Warning => ({ kind: 'leavesFile', file })),
    ],
  };
}

/** libvirt refuses a definition, and RAM, that is to get a disk which it has not; the VM is off by then. */
function exceptOnly(
  only: NonNullable<VmDisk['only']>,
  files: readonly TargetFile[],
  frozen: readonly VmDisk[],
): readonly TargetFile[] {
  return files.filter(({ target }) => frozen.every((disk) => disk.target !== target || disk.only !== only));
}

/**
 * | disk of the snapshot's VM                                      | overlay |
 * |----------------------------------------------------------------|---------|
 * | took part                                                      | yes     |
 * | took none, and another snapshot froze the file that it had     | yes: the VM would write into that one |
 * | took none, otherwise                                           | no: it goes on as it is, for it was left out on purpose |
 */
function overlaidDisks(snapshot: Snapshot, facts: Facts): readonly VmDisk[] {
  return (facts.frozenDisks?.get(snapshot.name) ?? []).filter((disk) => {
    if (takesPart(snapshot, disk.target)) {
      return true;
    }
    const { source } = disk;
    const writable = !disk.readonly && disk.device !== 'cdrom' && disk.device !== 'floppy';
    return (
      writable &&
      source !== undefined &&
      (restingOn(facts, [source]).size > 1 || snapshotsIn(facts, new Set([source])).length > 0)
    );
  });
}

function reachRefusal(snapshot: Snapshot, disks: readonly VmDisk[], facts: Facts): RefusedDecision | undefined {
  const external = snapshot.disks.filter(({ location }) => location === 'external');
  const unknown = external.find(({ target }) => backingFileOf(facts, snapshot.name, target) === undefined);
  if (unknown !== undefined) {
    return refuse('filesOutOfReach', { folder: folderOf(unknown.file ?? ''), why: 'notLookedAt' });
  }
  for (const folder of new Set(disks.map(({ source = '' }) => actingFolder(source, facts)))) {
    const can = facts.files?.canAct.get(folder);
    if (can !== 'yes') {
      return can === undefined
        ? refuse('notAllSeen', { vm: facts.vm.name, fact: folder })
        : refuse('filesOutOfReach', { folder, why: can.why });
    }
  }
  return otherFolderRefusal(
    disks.flatMap(({ source }) => source ?? []),
    facts,
  );
}

/** Without a title: none is made. */
interface Leaf {
  readonly kind: 'leaf';
  readonly title?: string;
  readonly steps: readonly Step[];
}

function planLeaf(
  snapshot: Snapshot,
  vm: OperationRequest['vm'],
  before: readonly Step[],
  facts: Facts,
): Leaf | RefusedDecision {
  if (childrenOf(facts.tree, snapshot.name).length === 0) {
    return { kind: 'leaf', steps: [] };
  }
  const on = applyAll([...before, { kind: 'makeCurrent', snapshot: snapshot.name }], { ...facts, blockJobs: [] });
  const title = freeTitle(automaticTitles.afterRevert(snapshot.title), facts.tree.snapshots);
  const plan = planCreate(
    { kind: 'create', vm, snapshotKind: 'offline', style: 'external', title, auto: 'layout' },
    on,
  );
  return plan.kind === 'refusal' ? plan : { kind: 'leaf', title, steps: plan.steps };
}

/** What the VM runs on in the end: the leaf's overlays where there is one. */
function finalFiles(targets: readonly TargetFile[], leaf: readonly Step[]): readonly TargetFile[] {
  const made = leaf.find((step) => step.kind === 'createSnapshot')?.disks ?? [];
  const final = new Map(targets.map(({ target, file }) => [target, file]));
  for (const { target, file } of made) {
    if (file !== undefined) {
      final.set(target, file);
    }
  }
  return [...final].map(([target, file]) => ({ target, file }));
}

function startSteps(
  { name, kind, memory }: Snapshot,
  end: EmulatedRevert['end'],
  disks: readonly TargetFile[],
): readonly Step[] {
  if (end === 'off') {
    return [];
  }
  if (kind === 'memory' && memory.file !== undefined) {
    return [{ kind: 'restoreMemory', snapshot: name, file: memory.file, disks, to: end }];
  }
  return end === 'paused' ? [{ kind: 'startPaused' }] : [{ kind: 'power', action: 'start' }];
}

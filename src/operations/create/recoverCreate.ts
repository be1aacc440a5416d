// The end of a create that broke off: the snapshot is there, or nothing of it stays. Serves a revert's checkpoint too.
import { xmlChain } from '../../domain/vm.js';
import { explain, goOn, hasBegun, removable, removal } from '../interruptedStep.js';
import { adoptSteps } from '../adoptSteps.js';
import { isHalfWritten, mergeBackOnSteps, ramFiles, releaseSteps, secondName } from './recoverSeamless.js';
import type { CommittedDisk, CreateStep, Step } from '../../steps/step.js';
import { parseDescription } from '../../domain/description.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { Facts } from '../../domain/facts.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { findSnapshot, styleOfVm } from '../../domain/snapshotTree.js';
import { refuse } from '../../domain/refusal.js';
import { apply, applyAll } from '../../steps/steps.js';
import { isLate, putBackSteps } from './lateSnapshot.js';
import { isMissing } from '../../domain/chains/standsOn.js';
import { commitRefusal } from '../commitRefusal.js';
import { standsExactlyOn } from '../matchesPlan.js';

export function recoverCreate(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const step = createStep(interrupted);
  if (step !== undefined && hasBegun(interrupted, ['createSnapshot']) && isMade(step, facts)) {
    const late = removeLateSnapshot(step, interrupted, facts);
    const left = removal(secondName(step, facts));
    return late ?? (left.length === 0 ? { kind: 'settled', to: 'after' } : goOn(interrupted, left, 'after'));
  }
  if (step !== undefined && findSnapshot(facts.tree, step.name) !== undefined && !isMade(step, facts)) {
    return goOn(interrupted, thawAndResume(step, interrupted, facts), 'before');
  }
  const adopted = step === undefined ? undefined : adoptCreate(step, interrupted, facts);
  return adopted === undefined ? undoCreate(interrupted, facts) : goOn(interrupted, adopted, 'after');
}

function createStep({ plan }: InterruptedOperation): CreateStep | undefined {
  return plan.steps.find((one): one is CreateStep => one.kind === 'createSnapshot');
}

/** Undefined: it is in time, or somebody has used the VM since, and what it is the doctor tells. */
function removeLateSnapshot(made: CreateStep, interrupted: InterruptedOperation, facts: Facts): Recovery | undefined {
  if (!hasBegun(interrupted, ['createSnapshot']) || !isLate(made, facts)) {
    return undefined;
  }
  const forget: Step = { kind: 'forgetSnapshot', snapshot: made.name };
  const rest = undoCreate(interrupted, apply(forget, facts));
  const steps = rest.kind === 'steps' ? rest.plan.steps : [];
  return rest.kind === 'explain' || steps.some(({ kind }) => kind === 'adoptSnapshot')
    ? undefined
    : goOn(interrupted, [forget, ...steps], 'before');
}

/** Where the snapshot is there in all but libvirt's notes. */
function adoptCreate(made: CreateStep, interrupted: InterruptedOperation, facts: Facts): readonly Step[] | undefined {
  const adopted =
    hasBegun(interrupted, ['createSnapshot']) && !isHalfWritten(made, facts) && putBackSteps(made, facts) === undefined
      ? adoptSteps(made, interrupted, facts)
      : undefined;
  return (
    adopted && [
      ...releaseSteps(made, interrupted, facts),
      ...thawAndResume(made, interrupted, facts),
      ...adopted,
      // Last: where that cannot be, nothing but space is lost.
      ...removal(secondName(made, facts)),
    ]
  );
}

/** What libvirt would have let go of at the end: the guest's file systems, and the guest. */
function thawAndResume(made: CreateStep, { plan }: InterruptedOperation, { vm, agent }: Facts): readonly Step[] {
  const saving = vm.power === 'paused' && (vm.powerReason === 'saving' || vm.powerReason === 'snapshotting');
  return [
    ...(made.quiesce && agent === 'frozen' ? [{ kind: 'thawGuest' } as const] : []),
    ...(saving && plan.steps.every((one) => one.kind !== 'startPaused')
      ? [{ kind: 'power', action: 'resume' } as const]
      : []),
  ];
}

function isMade(step: CreateStep, { tree }: Facts): boolean {
  const found = findSnapshot(tree, step.name);
  return found !== undefined && isOurs(step, found);
}

/** Somebody else may have taken one of that name just before, whereupon libvirt makes no second one. */
function isOurs({ description }: CreateStep, { trailers }: Snapshot): boolean {
  return trailers.createdBy === parseDescription(description).trailers.createdBy;
}

/**
 * What a snapshot that was not finished left, once it is certain that libvirt has none of that name.
 *
 * | left                                              | → |
 * |---------------------------------------------------|---|
 * | the guest frozen, by this very snapshot           | thawed |
 * | a managed save that was started for it            | explained: its RAM is in the VM, or gone with it |
 * | the VM, started without one, paused               | off again |
 * | the VM "paused (saving)", and nobody saves it     | resumed; one that we had started paused stays paused |
 * | a copy of the UEFI variables                      | removed |
 * | overlays that are empty, and a memory file, that nobody is on | removed |
 * | overlays that are not empty, or cannot be seen    | stay: a QEMU that outlived the daemon may write there |
 * | a tag inside an image, VM off                     | removed |
 * | a tag inside an image, VM active                  | stays until it is off: QEMU holds the image. The doctor finds it |
 * | none that is the current one, all are inside images | the one before is made it again, see currentAgain |
 * | the VM on all its overlays, which no snapshot tells of | libvirt is told of the snapshot: see adoptSteps |
 * | the same, and a managed save would write below it | the disks go back to what that was made on: see putBackSteps |
 * | the same, and its RAM is gone                     | they are merged back: see mergeBackSteps, and mergeBackOnSteps |
 * | QEMU with what a seamless one needs, the guest standing still for it | see releaseSteps |
 * | the VM on one of them, or somebody built on them  | explained: nothing is lost, and another snapshot there would be half blind |
 */
export function undoCreate(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const { vm } = facts;
  const at = interrupted.plan.steps.findIndex((one) => one.kind === 'createSnapshot');
  const steps = interrupted.plan.steps.slice(0, at + 1);
  const made = createStep(interrupted);
  if (made === undefined || findSnapshot(facts.tree, made.name) !== undefined) {
    return (made && removeLateSnapshot(made, interrupted, facts)) ?? { kind: 'settled', to: 'before' };
  }
  const begun = hasBegun(interrupted, ['createSnapshot']);
  const overlays = made.disks.flatMap(({ file }) => file ?? []);
  const present = new Set(vm.disks.flatMap(xmlChain));
  const blind = overlays.find((file) => present.has(file));
  const started = steps.some((one) => one.kind === 'startPaused') && hasBegun(interrupted, ['startPaused']);
  const { managedSave } = interrupted.plan.before;
  if (started && !managedSave && vm.power === 'paused') {
    const cut: Step = { kind: 'power', action: 'forceOff' };
    const rest = undoCreate(interrupted, apply(cut, facts));
    return rest.kind === 'explain'
      ? rest
      : goOn(interrupted, [cut, ...(rest.kind === 'steps' ? rest.plan.steps : [])], 'before');
  }
  if (started && managedSave && !vm.managedSave && vm.power !== 'running') {
    const resume: readonly Step[] = vm.power === 'paused' ? [{ kind: 'power', action: 'resume' }] : [];
    const why = refuse('saveUsedUp', { vm: vm.name, state: vm.power }).refusal;
    return explain(interrupted, why, resume, facts);
  }
  const adopted = adoptCreate(made, interrupted, facts);
  if (adopted !== undefined) {
    return goOn(interrupted, adopted, 'before');
  }
  const putBack = begun ? putBackSteps(made, facts) : undefined;
  const release = begun ? releaseSteps(made, interrupted, facts) : [];
  const merged = begun
    ? (putBack ?? mergeBackSteps(made, facts) ?? mergeBackOnSteps(made, interrupted, facts))
    : undefined;
  if (begun && blind !== undefined && merged === undefined) {
    return explain(interrupted, refuse('onUnknownOverlay', { vm: vm.name, file: blind }).refusal, release, facts);
  }
  const copies = steps.flatMap((one) => (one.kind === 'copyFile' && one.existing === 'keep' ? [one.to] : []));
  const memory = ramFiles(made);
  const files = [...(hasBegun(interrupted, ['copyFile']) ? copies : []), ...(begun ? [...overlays, ...memory] : [])];
  const left = removable(files, interrupted.plan, putBack === undefined ? facts : applyAll(putBack, facts), 'notNamed');
  return goOn(
    interrupted,
    [
      ...release,
      ...(begun ? thawAndResume(made, interrupted, facts) : []),
      ...(merged ?? []),
      ...(begun ? orphanTags(made, facts) : []),
      ...(begun ? restoreCurrent(interrupted, facts) : []),
      ...removal(left),
    ],
    'before',
  );
}

/**
 * libvirt writes down that the one before is not the current one, then that the new one is (`qemuSnapshotSetCurrent`):
 * killed between the two it knows of neither. For external ones the files tell more than that: see adoptSteps, and the
 * doctor.
 */
function restoreCurrent({ plan }: InterruptedOperation, { tree }: Facts): readonly Step[] {
  const { current } = plan.before;
  return tree.current === undefined &&
    current !== undefined &&
    findSnapshot(tree, current) !== undefined &&
    styleOfVm(tree) === 'internal'
    ? [{ kind: 'makeCurrent', snapshot: current }]
    : [];
}

function orphanTags({ name, style, disks }: CreateStep, { vm, files }: Facts): readonly Step[] {
  if (style !== 'internal' || vm.power !== 'off') {
    return [];
  }
  return disks.flatMap(({ target }): readonly Step[] => {
    const file = vm.disks.find((disk) => disk.target === target)?.source;
    const facts = file === undefined ? undefined : files?.images.get(file);
    return file !== undefined && typeof facts === 'object' && facts.tags?.includes(name) === true
      ? [{ kind: 'removeTag', file, tag: name }]
      : [];
  });
}

/**
 * Merges the overlays back after a memory snapshot whose QEMU ended right after it: the VM stands on its overlays, and
 * libvirt has no snapshot. Its disks go back to what they were, with all that the guest wrote. A snapshot that promises
 * RAM would be a lie, and one without was not asked for; the same snapshot can be taken again.
 *
 * | its RAM              | the VM, its disks                                    | the overlays and what is below them | → |
 * |----------------------|------------------------------------------------------|-------------------------------------|---|
 * | there, or not seen; none was wanted | any                                   | any                                 | undefined |
 * | certainly gone       | on, or off with a managed save                       | any                                 | undefined: it was used since |
 * | certainly gone       | off, not all on the overlays, or on some on top      | any                                 | undefined |
 * | certainly gone       | off, on the overlays                                 | damaged, not seen, not ours to change, or somebody else needs one: see `planBlockCommit` | undefined |
 * | certainly gone       | off, on the overlays                                 | the VM's alone                      | merged, and the overlays go |
 */
function mergeBackSteps(made: CreateStep, facts: Facts): readonly Step[] | undefined {
  const { vm } = facts;
  const overlays = made.disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]));
  const isWithoutRam = made.memoryFile !== undefined && isMissing(made.memoryFile, facts);
  if (!isWithoutRam || vm.power !== 'off' || vm.managedSave || !standsExactlyOn(overlays, facts)) {
    return undefined;
  }
  const disks = overlays.flatMap(({ target, file }): readonly CommittedDisk[] => {
    const image = facts.files?.images.get(file);
    const backing = typeof image === 'object' ? image.backing : undefined;
    return backing?.format === undefined
      ? []
      : [{ target, top: file, base: backing.file, baseFormat: backing.format, merged: [file] }];
  });
  return disks.length === 0 || disks.length < overlays.length || commitRefusal(disks, facts) !== undefined
    ? undefined
    : [
        { kind: 'commitImages', disks },
        { kind: 'removeFiles', files: disks.map(({ top }) => top) },
      ];
}

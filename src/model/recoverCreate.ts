// The end of a create that broke off: the snapshot is there, or nothing of it stays. Serves a revert's checkpoint too.
import { explain, goOn, hasBegun, removable, removal } from './brokenAt.js';
import { layersOf } from './fileUse.js';
import type { Situation, Step } from './plan.js';
import type { BrokenOff, Recovery } from './recovery.js';
import { findSnapshot } from './snapshotTree.js';
import { refuse } from './refusal.js';

type CreateStep = Extract<Step, { do: 'createSnapshot' }>;

export function recoverCreate(brokenOff: BrokenOff, situation: Situation): Recovery {
  const step = brokenOff.plan.steps.find((one): one is CreateStep => one.do === 'createSnapshot');
  if (step !== undefined && hasBegun(brokenOff, ['createSnapshot']) && isMade(step, situation)) {
    return { type: 'settled', to: 'after' };
  }
  return undoCreate(brokenOff, situation);
}

export function isMade(step: CreateStep, { tree }: Situation): boolean {
  return findSnapshot(tree, step.name) !== undefined;
}

/**
 * What a snapshot that was not finished left, once it is certain that libvirt has none of that name.
 *
 * | left                                              | → |
 * |---------------------------------------------------|---|
 * | the guest frozen, by this very snapshot           | thawed |
 * | a managed save that was started for it            | explained: its RAM is in the VM, or gone with it |
 * | the VM "paused (saving)", and nobody saves it     | resumed; one that we had started paused stays paused |
 * | a copy of the UEFI variables                      | removed |
 * | overlays that are empty, and a memory file, that nobody is on | removed |
 * | overlays that are not empty, or cannot be seen    | stay: a QEMU that outlived the daemon may write there |
 * | a tag inside an image, VM off                     | removed |
 * | a tag inside an image, VM active                  | stays until it is off: QEMU holds the image. The doctor finds it |
 * | the VM on an overlay that no snapshot tells of    | explained: nothing is lost, and another snapshot there would be half blind |
 */
export function undoCreate(brokenOff: BrokenOff, situation: Situation): Recovery {
  const { vm, agent } = situation;
  const at = brokenOff.plan.steps.findIndex((one) => one.do === 'createSnapshot');
  const steps = brokenOff.plan.steps.slice(0, at + 1);
  const made = steps.find((one): one is CreateStep => one.do === 'createSnapshot');
  if (made === undefined || isMade(made, situation)) {
    return { type: 'settled', to: 'before' };
  }
  const begun = hasBegun(brokenOff, ['createSnapshot']);
  const overlays = made.disks.flatMap(({ file }) => file ?? []);
  const present = new Set(vm.disks.flatMap(layersOf));
  const blind = overlays.find((file) => present.has(file));
  if (begun && blind !== undefined) {
    return explain(brokenOff, refuse('onUnknownOverlay', { vm: vm.name, file: blind }).refusal, [], situation);
  }
  const started = steps.some((one) => one.do === 'startPaused') && hasBegun(brokenOff, ['startPaused']);
  if (started && !vm.managedSave && vm.power !== 'running') {
    const resume: readonly Step[] = vm.power === 'paused' ? [{ do: 'power', action: 'resume' }] : [];
    const why = refuse('saveUsedUp', { vm: vm.name, state: vm.power }).refusal;
    return explain(brokenOff, why, resume, situation);
  }
  const copies = steps.flatMap((one) => (one.do === 'copyFile' && one.existing === 'keep' ? [one.to] : []));
  const memory = made.memoryFile === undefined ? [] : [made.memoryFile];
  const files = [...(hasBegun(brokenOff, ['copyFile']) ? copies : []), ...(begun ? [...overlays, ...memory] : [])];
  const left = removable(files, brokenOff.plan, situation, 'notNamed');
  const saving = vm.power === 'paused' && (vm.powerReason === 'saving' || vm.powerReason === 'snapshotting');
  const resumes = begun && saving && steps.every((one) => one.do !== 'startPaused');
  return goOn(
    brokenOff,
    [
      ...(begun && made.quiesce && agent === 'frozen' ? [{ do: 'thawGuest' } as const] : []),
      ...(resumes ? [{ do: 'power', action: 'resume' } as const] : []),
      ...(begun ? orphanTags(made, situation) : []),
      ...removal(left),
    ],
    'before',
  );
}

function orphanTags({ name, style, disks }: CreateStep, { vm, files }: Situation): readonly Step[] {
  if (style !== 'internal' || vm.power !== 'off') {
    return [];
  }
  return disks.flatMap(({ target }): readonly Step[] => {
    const file = vm.disks.find((disk) => disk.target === target)?.source;
    const facts = file === undefined ? undefined : files?.images.get(file);
    return file !== undefined && typeof facts === 'object' && facts.tags?.includes(name) === true
      ? [{ do: 'removeTag', file, tag: name }]
      : [];
  });
}

// A snapshot inside the VM's images that libvirt does not know, of another tool or of a daemon that died: libvirt is
// told of it, and it is one like any other from then on. Touches no image.
import { orphanTags } from '../../domain/chains/orphans.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import { wrongTagRefusal } from '../../domain/chains/tagNames.js';
import type { Facts } from '../../domain/facts.js';
import type { ImageFacts } from '../../domain/hostFiles.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { canNameSnapshot } from '../../domain/snapshotName.js';
import { currentOf, findSnapshot, styleOfVm } from '../../domain/snapshotTree.js';
import { snapshotableDisks } from '../../domain/vm.js';
import { apply } from '../../steps/steps.js';
import type { Step } from '../../steps/step.js';
import type { RepairSteps } from '../repairSteps.js';

/** A person who takes it of one disk after the other, of a VM that is off. */
const longestTakingMs = 600_000;

/**
 * | the tag                                          | → |
 * |--------------------------------------------------|---|
 * | another VM needs an image of the VM              | usedByOtherVm, otherVmUnread |
 * | is a snapshot's, or not there                    | nothingToRepair |
 * | has a name that libvirt or its files cannot have | tagNotWhole, name |
 * | beside external snapshots                        | otherStyle |
 * | is not in all disks that the VM writes to        | tagNotWhole, missing |
 * | with RAM, was not taken of all disks at once; without, not within minutes | tagNotWhole, otherTime |
 * | is there twice, or is the ID of another          | tagTwice, nameIsTagId |
 * | otherwise                                        | becomes a snapshot of the VM as it is configured now |
 */
export function planAdoptTag(tag: string, facts: Facts): RepairSteps | RefusedDecision {
  const { vm, tree } = facts;
  const disks = snapshotableDisks(vm);
  const elsewhere = otherVmRefusal(
    disks.flatMap(({ source }) => source ?? []),
    facts,
    'refuse',
  );
  if (elsewhere !== undefined) {
    return elsewhere;
  }
  if (!orphanTags(facts).some((orphan) => orphan.tag === tag)) {
    return refuse('nothingToRepair', { vm: vm.name });
  }
  const [first] = disks;
  if (!canNameSnapshot(tag)) {
    return refuse('tagNotWhole', { tag, disk: first?.target ?? '', why: 'name' });
  }
  const own = styleOfVm(tree);
  if (own === 'external' || own === 'mixed') {
    return refuse('otherStyle', { vm: vm.name, own, asked: 'internal', kind: 'offline' });
  }
  const images: ImageFacts[] = [];
  for (const { target, source = '' } of disks) {
    const image = facts.files?.images.get(source);
    if (typeof image !== 'object' || image.tags?.includes(tag) !== true) {
      return refuse('tagNotWhole', { tag, disk: target, why: 'missing' });
    }
    images.push(image);
  }
  const withRam = images.some(({ ramTags }) => ramTags?.includes(tag) === true);
  const times = images.map(({ takenAt }) => Math.floor((takenAt?.get(tag) ?? facts.now) / 1_000) * 1_000);
  const createdAt = Math.max(...times);
  const late = times.findIndex((at) => createdAt - at > (withRam ? 0 : longestTakingMs));
  if (late >= 0) {
    return refuse('tagNotWhole', { tag, disk: disks[late]?.target ?? '', why: 'otherTime' });
  }
  const step: Step = {
    kind: 'adoptSnapshot',
    made: {
      kind: 'createSnapshot',
      name: tag,
      description: '',
      snapshotKind: withRam ? 'memory' : 'offline',
      style: 'internal',
      quiesce: false,
      disks: disks.map(({ target }) => ({ target })),
    },
    below: [],
    state: 'running',
    createdAt,
    ...(currentOf(tree) === undefined ? {} : { keepsCurrent: true }),
  };
  const after = apply(step, facts);
  const made = findSnapshot(after.tree, tag);
  return (
    (made && wrongTagRefusal(made, after)) ?? {
      kind: 'repair',
      steps: [step],
      warnings: [{ kind: 'configuredAsNow', memory: withRam }],
    }
  );
}

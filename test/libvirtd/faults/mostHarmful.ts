// Where in a plan each fault can do most harm: the rows of every run of the tests. Knows no VM.
import type { PlannedWork } from '../../../src/operations/plan.js';
import type { Step } from '../../../src/steps/step.js';
import type { FaultKind } from './faultKinds.js';
import { type At, type Moment, moments } from './stepHooks.js';

interface Worst {
  /** The first of these that a plan has; of several such steps the first. */
  readonly steps: readonly Step['kind'][];
  readonly moment: Moment;
  /** Steps of these are broken off in the middle, where a program of ours works on the images. */
  readonly within?: readonly Step['kind'][];
  /** Only steps behind the first of this kind. */
  readonly behind?: Step['kind'];
}

/**
 * | fault           | most harm                                                                                   |
 * |-----------------|---------------------------------------------------------------------------------------------|
 * | extensionKilled | the VM is on new files or a snapshot is gone, and only libvirt knows; or our own merge outlives us |
 * | connectionCut   | the longest call of all: nobody hears how it ended                                          |
 * | daemonKilled    | libvirt is about to write which snapshot is current, or which there are                     |
 * | qemuKilled      | QEMU holds the images and has begun to change them                                          |
 * | diskFull        | the VM is stopped and has no room for what it must stand on; or its image must grow          |
 * | overlaysRemoved | the files of the state that was left are about to go, and those of the new one are gone     |
 * | otherClient     | the VM starts, stops or pauses just as its RAM, its disks or its snapshots are to be changed |
 * | otherSaves      | the guest stands still, its disks are on new files, and its RAM goes out for both           |
 */
const worst: Readonly<Record<FaultKind, Worst>> = {
  extensionKilled: {
    steps: [
      'restoreClone',
      'defineClone',
      'defineFromSnapshot',
      'revert',
      'deleteSnapshot',
      'redefineAs',
      'forgetSnapshot',
      'createSnapshot',
      'blockCommit',
      'commitImages',
      'makeCurrent',
      'removeTag',
      'removeFiles',
    ],
    moment: 'after',
    within: ['commitImages'],
  },
  connectionCut: {
    steps: [
      'restoreClone',
      'defineClone',
      'restoreMemory',
      'revert',
      'deleteSnapshot',
      'reparent',
      'forgetSnapshot',
      'defineFromSnapshot',
      'createSnapshot',
      'blockCommit',
      'commitImages',
      'makeCurrent',
      'removeTag',
      'removeFiles',
    ],
    moment: 'during',
  },
  daemonKilled: {
    steps: [
      'restoreClone',
      'defineClone',
      'makeCurrent',
      'revert',
      'deleteSnapshot',
      'reparent',
      'forgetSnapshot',
      'createSnapshot',
      'blockCommit',
      'commitImages',
      'removeTag',
      'removeFiles',
    ],
    moment: 'during',
  },
  qemuKilled: {
    steps: [
      'restoreMemory',
      'revert',
      'deleteSnapshot',
      'forgetSnapshot',
      'createSnapshot',
      'blockCommit',
      'commitImages',
    ],
    moment: 'during',
  },
  diskFull: {
    steps: [
      'restoreClone',
      'copyImages',
      'defineFromSnapshot',
      'revert',
      'deleteSnapshot',
      'createSnapshot',
      'blockCommit',
      'commitImages',
    ],
    moment: 'before',
  },
  overlaysRemoved: {
    steps: ['removeFiles', 'makeCurrent'],
    moment: 'before',
    behind: 'createOverlays',
  },
  otherClient: {
    steps: [
      'restoreClone',
      'defineClone',
      'restoreMemory',
      'defineFromSnapshot',
      'revert',
      'deleteSnapshot',
      'reparent',
      'forgetSnapshot',
      'createSnapshot',
      'blockCommit',
      'commitImages',
    ],
    moment: 'before',
  },
  otherSaves: { steps: ['createSnapshot'], moment: 'during' },
};

/** None, or one: a fault may have nothing to act on in a plan. */
export function mostHarmful(kind: FaultKind, plan: PlannedWork): readonly At[] {
  const { steps, moment, within = [] } = worst[kind];
  const first = firstPlace(kind, plan);
  for (const what of steps) {
    const step = plan.steps.findIndex((one, index) => index >= first && one.kind === what);
    if (step >= 0) {
      return [{ step, moment: within.includes(what) ? 'during' : moment }];
    }
  }
  return [];
}

/**
 * Every step and every moment at which the fault has something to act on.
 * @param within how many moments of the time that a step takes; evenly spread
 */
export function everywhere(kind: FaultKind, plan: PlannedWork, within = 1): readonly At[] {
  const first = firstPlace(kind, plan);
  const parts = Array.from({ length: within }, (_, index) => (index + 0.5) / within);
  return plan.steps.flatMap((_, step): readonly At[] =>
    step < first
      ? []
      : moments.flatMap((moment): readonly At[] =>
          moment === 'during' ? parts.map((part) => ({ step, moment, part })) : [{ step, moment }],
        ),
  );
}

function firstPlace(kind: FaultKind, { steps }: PlannedWork): number {
  const { behind } = worst[kind];
  const at = behind === undefined ? -1 : steps.findIndex((step) => step.kind === behind);
  return behind !== undefined && at < 0 ? steps.length : at + 1;
}

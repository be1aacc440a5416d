// A disk of the VM gets fewer layers: by QEMU while the VM is on, by us on the files of one that is off.
//
//   base ← merged … ← top ← above        before: the content of `merged` and `top` goes into `base`
//   base ← above                         after, where the disk goes on above `top`; absent `above`: the disk is `base`
//
// No file is deleted, and other images that rest on one of the layers still do.
import type { Facts } from '../domain/facts.js';
import { toldChain, type VmDisk } from '../domain/vm.js';
import { withImage, withoutLayers } from './changedFacts.js';
import type { CommittedDisk } from './step.js';
import {
  type Command,
  doneWhen,
  type LayerUse,
  never,
  type StepDefinition,
  type TouchedFiles,
} from './stepDefinition.js';

export const blockCommit: StepDefinition<'blockCommit'> = {
  touches: (step) => filesOf([step]),
  layers: (step) => layersOf([step]),
  apply: (step, facts) => applyCommit([step], facts),
  isDone: (step, facts) => doneWhen(standsJustOn([step], facts)),
  byHand: ({ target, base, bytesPerSecond }, by) => {
    const speed = bytesPerSecond === undefined ? [] : ['--bandwidth', String(bytesPerSecond), '--bytes'];
    const ends = ['--path', target, '--base', base, '--active', '--pivot', '--verbose'];
    return [by.ofVm('blockcommit', ...ends, ...speed)];
  },
  isHarmless: never,
  canBreakOff: true,
};

export const commitImages: StepDefinition<'commitImages'> = {
  touches: ({ disks }) => filesOf(disks),
  layers: ({ disks }) => layersOf(disks),
  apply: ({ disks }, facts) => applyCommit(disks, facts),
  isDone: ({ disks }, facts) => doneWhen(standsJustOn(disks, facts)),
  /** Each image is committed, and the VM, or what is above, made to name the bases. */
  byHand: ({ disks, bytesPerSecond }, by) => {
    const speed = bytesPerSecond === undefined ? [] : ['-r', String(bytesPerSecond)];
    const commit = ({ top, base, baseFormat, above = [] }: CommittedDisk): readonly Command[] => [
      ['qemu-img', 'commit', '-d', '-p', ...speed, '-b', base, top],
      ...above.map((file): Command => ['qemu-img', 'rebase', '-u', '-F', baseFormat, '-b', base, file]),
    ];
    return [...disks.flatMap(commit), ...(disks.every(({ above }) => above !== undefined) ? [] : [by.ofVm('edit')])];
  },
  isHarmless: never,
  canBreakOff: true,
};

function layersOf(disks: readonly CommittedDisk[]): LayerUse {
  return {
    reads: disks.flatMap(({ merged, base }) => [...merged, base]),
    writes: disks.flatMap(({ base, above = [] }) => [base, ...above]),
  };
}

function filesOf(disks: readonly CommittedDisk[]): TouchedFiles {
  return { images: disks.flatMap(({ top, base, above = [] }) => [top, base, ...above]) };
}

/** Each of these disks is its base now; or, where something was above, each of those images names the base. */
export function standsJustOn(disks: readonly CommittedDisk[], facts: Facts): boolean {
  return disks.every(({ target, base, top, above }) => {
    const own = facts.vm.disks.filter((disk) => disk.target === target);
    return above === undefined
      ? own.some((disk) => disk.source === base)
      : above.every((file) => backingOf(file, facts) === base) && !own.flatMap(toldChain).includes(top);
  });
}

/** Any of the images above stands on the base already. */
export function isHalfMoved(disks: readonly CommittedDisk[], facts: Facts): boolean {
  return disks.some(({ base, above = [] }) => above.some((file) => backingOf(file, facts) === base));
}

function backingOf(file: string, { files }: Facts): string | undefined {
  const image = files?.images.get(file);
  return typeof image === 'object' ? image.backing?.file : undefined;
}

function applyCommit(disks: readonly CommittedDisk[], facts: Facts): Facts {
  const { vm, configured } = facts;
  const onBase = (disk: VmDisk): VmDisk => {
    const own = disks.find(({ target }) => target === disk.target);
    if (own?.above !== undefined) {
      return withoutLayer(disk, own.top);
    }
    if (own === undefined || disk.source !== own.top) {
      return disk;
    }
    const { backing } = disk;
    const below = backing === undefined ? {} : { backing: backing.slice(backing.indexOf(own.base) + 1) };
    return { ...withoutLayers(disk), source: own.base, format: own.baseFormat, ...below };
  };
  const onBases = disks.reduce(withOverlaysOnBase, facts);
  return disks.reduce(growBase, {
    ...onBases,
    vm: { ...vm, disks: vm.disks.map(onBase) },
    ...(configured === undefined ? {} : { configured: configured.map(onBase) }),
  });
}

/** As a configuration tells its layers, to the end or not. */
function withoutLayer(disk: VmDisk, file: string): VmDisk {
  const { backing, layers } = disk;
  return {
    ...disk,
    ...(backing === undefined ? {} : { backing: backing.filter((one) => one !== file) }),
    ...(layers === undefined ? {} : { layers: layers.filter((one) => one.file !== file) }),
  };
}

function withOverlaysOnBase(facts: Facts, { base, baseFormat: format, above = [] }: CommittedDisk): Facts {
  return above.reduce((at, file) => {
    const image = at.files?.images.get(file);
    return typeof image === 'object' ? withImage(at, file, { ...image, backing: { file: base, format } }) : at;
  }, facts);
}

/** By as much as is merged, at most. */
function growBase(facts: Facts, { base, merged }: CommittedDisk): Facts {
  const below = facts.files?.images.get(base);
  const above = merged.flatMap((file) => {
    const image = facts.files?.images.get(file);
    return typeof image === 'object' ? [image] : [];
  });
  return typeof below !== 'object'
    ? facts
    : withImage(facts, base, {
        ...below,
        allocatedBytes: above.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, below.allocatedBytes),
        ...(above.every(({ empty }) => empty === true) ? {} : { empty: false }),
      });
}

// An external snapshot that QEMU took and libvirt did not write down: the VM stands on its overlays, and the journal has
// the rest of it. Decides whether libvirt can be told of it; knows no way to undo it.
import { frozenFile, snapshotsIn, wholeChain } from '../domain/chains/fileUse.js';
import { standsExactlyOn } from './leftAsPlanned.js';
import { isMissing } from '../steps/stepEffect.js';
import type { CreateStep, Step, TargetFile } from '../steps/step.js';
import type { Situation } from '../domain/situation.js';
import type { BrokenOff } from './interrupted.js';
import type { Snapshot } from '../domain/snapshot.js';
import { currentOf } from '../domain/snapshotTree.js';

type Below = Extract<Step, { kind: 'adoptSnapshot' }>['below'];

/**
 * | the VM's disks                              | another snapshot froze an overlay | what is below each | the parent   | → |
 * |---------------------------------------------|-----------------------------------|--------------------|--------------|---|
 * | not all on the overlays, or on one of those | any                               | any                | any          | undefined |
 * | on the overlays                             | yes: it was made since            | any                | any          | undefined |
 * | on the overlays, and its memory file is gone | any                              | any                | any          | undefined |
 * | on the overlays                             | no                                | not seen           | any          | undefined |
 * | on the overlays                             | no                                | seen               | not known    | undefined |
 * | on the overlays                             | no                                | seen               | known, or there is none | libvirt is told |
 */
export function adoptSteps(
  made: CreateStep,
  { startedAt }: BrokenOff,
  situation: Situation,
): readonly Step[] | undefined {
  const overlays = made.disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]));
  const below = belowOf(overlays, situation);
  // QEMU died behind it, and libvirt took the RAM away: a snapshot that promises it would be a lie.
  const isWithoutRam = made.memoryFile !== undefined && isMissing(made.memoryFile, situation);
  const taken = snapshotsIn(situation, new Set(overlays.map(({ file }) => file))).length > 0;
  if (overlays.length === 0 || !standsExactlyOn(overlays, situation) || below === undefined || taken || isWithoutRam) {
    return undefined;
  }
  const parent = parentBelow(below, situation);
  if (parent === undefined && situation.tree.snapshots.length > 0) {
    return undefined;
  }
  return [
    {
      kind: 'adoptSnapshot',
      made,
      below,
      state: stateThen(situation),
      createdAt: startedAt,
      ...(parent === undefined ? {} : { parent: parent.name }),
    },
  ];
}

function belowOf(overlays: readonly TargetFile[], { files }: Situation): Below | undefined {
  const below = overlays.flatMap(({ target, file }) => {
    const facts = files?.images.get(file);
    const backing = typeof facts === 'object' ? facts.backing : undefined;
    return backing?.format === undefined ? [] : [{ target, file: backing.file, format: backing.format }];
  });
  return below.length === overlays.length ? below : undefined;
}

/** libvirt stops a VM that it takes a snapshot of, and the next daemon lets it run again. */
function stateThen({ vm: { power, powerReason } }: Situation): 'running' | 'paused' {
  return power === 'paused' && powerReason !== 'saving' && powerReason !== 'snapshotting' ? 'paused' : 'running';
}

/**
 * The current one, unless libvirt has taken the mark away already; then the one whose overlays were frozen now, or else
 * the one that froze the uppermost file of the chain.
 */
function parentBelow(below: Below, situation: Situation): Snapshot | undefined {
  const { tree } = situation;
  const froze = new Map(below.map(({ target, file }) => [target, file]));
  const named = tree.snapshots.filter((snapshot) =>
    [snapshot.disks, snapshot.revertDisks ?? []].some((disks) =>
      disks.some(({ target, file }) => file !== undefined && froze.get(target) === file),
    ),
  );
  return currentOf(tree) ?? (named.length === 1 ? named[0] : named.length === 0 ? nearest(situation) : undefined);
}

function nearest(situation: Situation): Snapshot | undefined {
  const { vm, tree } = situation;
  const depths = tree.snapshots.flatMap((snapshot) => {
    const at = vm.disks.flatMap((disk) => {
      const frozen = frozenFile(situation, snapshot.name, disk.target);
      const depth = frozen === undefined ? -1 : wholeChain(disk, situation).indexOf(frozen);
      return depth < 0 ? [] : [depth];
    });
    return at.length === 0 ? [] : [{ snapshot, depth: Math.min(...at) }];
  });
  const least = Math.min(...depths.map(({ depth }) => depth));
  const uppermost = depths.filter(({ depth }) => depth === least);
  return uppermost.length === 1 ? uppermost[0]?.snapshot : undefined;
}

// An external snapshot that QEMU took and libvirt did not write down: the VM stands on its overlays, and the journal
// has the rest of it. Decides whether libvirt can be told of it; knows no way to undo it.
import { wholeChain } from '../domain/chains/backingChain.js';
import { backingFileOf, snapshotsIn } from '../domain/chains/fileUse.js';
import { standsExactlyOn } from './matchesPlan.js';
import { isMissing } from '../domain/chains/standsOn.js';
import type { CreateStep, Step, TargetFile } from '../steps/step.js';
import type { Facts } from '../domain/facts.js';
import type { InterruptedOperation } from './interrupted.js';
import type { Snapshot } from '../domain/snapshot.js';
import { currentOf } from '../domain/snapshotTree.js';

type LayersBelow = Extract<Step, { kind: 'adoptSnapshot' }>['below'];

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
  { startedAt }: InterruptedOperation,
  facts: Facts,
): readonly Step[] | undefined {
  const overlays = made.disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]));
  const below = belowOf(overlays, facts);
  // QEMU died behind it, and libvirt took the RAM away: a snapshot that promises it would be a lie.
  const isWithoutRam = made.memoryFile !== undefined && isMissing(made.memoryFile, facts);
  const taken = snapshotsIn(facts, new Set(overlays.map(({ file }) => file))).length > 0;
  if (overlays.length === 0 || !standsExactlyOn(overlays, facts) || below === undefined || taken || isWithoutRam) {
    return undefined;
  }
  const parent = parentBelow(below, facts);
  if (parent === undefined && facts.tree.snapshots.length > 0) {
    return undefined;
  }
  return [
    {
      kind: 'adoptSnapshot',
      made,
      below,
      state: stateAtSnapshot(facts),
      createdAt: startedAt,
      ...(parent === undefined ? {} : { parent: parent.name }),
    },
  ];
}

function belowOf(overlays: readonly TargetFile[], { files }: Facts): LayersBelow | undefined {
  const below = overlays.flatMap(({ target, file }) => {
    const facts = files?.images.get(file);
    const backing = typeof facts === 'object' ? facts.backing : undefined;
    return backing?.format === undefined ? [] : [{ target, file: backing.file, format: backing.format }];
  });
  return below.length === overlays.length ? below : undefined;
}

/** libvirt stops a VM that it takes a snapshot of, and the next daemon lets it run again. */
function stateAtSnapshot({ vm: { power, powerReason } }: Facts): 'running' | 'paused' {
  return power === 'paused' && powerReason !== 'saving' && powerReason !== 'snapshotting' ? 'paused' : 'running';
}

/**
 * The current one, unless libvirt has taken the mark away already; then the one whose overlays were frozen now, or else
 * the one that froze the uppermost file of the chain.
 */
function parentBelow(below: LayersBelow, facts: Facts): Snapshot | undefined {
  const { tree } = facts;
  const froze = new Map(below.map(({ target, file }) => [target, file]));
  const named = tree.snapshots.filter((snapshot) =>
    [snapshot.disks, snapshot.revertDisks ?? []].some((disks) =>
      disks.some(({ target, file }) => file !== undefined && froze.get(target) === file),
    ),
  );
  return currentOf(tree) ?? (named.length === 1 ? named[0] : named.length === 0 ? nearest(facts) : undefined);
}

function nearest(facts: Facts): Snapshot | undefined {
  const { vm, tree } = facts;
  const depths = tree.snapshots.flatMap((snapshot) => {
    const at = vm.disks.flatMap((disk) => {
      const frozen = backingFileOf(facts, snapshot.name, disk.target);
      const depth = frozen === undefined ? -1 : wholeChain(disk, facts).indexOf(frozen);
      return depth < 0 ? [] : [depth];
    });
    return at.length === 0 ? [] : [{ snapshot, depth: Math.min(...at) }];
  });
  const least = Math.min(...depths.map(({ depth }) => depth));
  const uppermost = depths.filter(({ depth }) => depth === least);
  return uppermost.length === 1 ? uppermost[0]?.snapshot : undefined;
}

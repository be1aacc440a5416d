// What the disks of a clone begin with: the files that a restore point froze, its tag inside of an image, or the
// current state of a VM that is off. Refuses what is not whole, or is written to.
import type { CloneWay } from '../../domain/clone.js';
import { wholeChain } from '../../domain/chains/backingChain.js';
import { ringRefusal } from '../../domain/chains/backingRing.js';
import { takesPart } from '../../domain/chains/fileUse.js';
import { notMarked } from '../../domain/hostFiles.js';
import { brokenRefusal } from '../../domain/chains/snapshotWhole.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isActive, snapshotableDisks, type VmDisk } from '../../domain/vm.js';
import { anotherFileRefusal, brokenLayerRefusal } from '../diskRefusals.js';
import { presentInUseRefusal, unreadableContentRefusal } from '../readableNow.js';
import { inUseRefusal, snapshotFor } from '../refusals.js';

export interface CloneDisk {
  readonly target: string;
  readonly from: string;
  readonly format: string;
  readonly tag?: string;
  /** What a copy takes at most. */
  readonly bytes: number;
}

type Disks = readonly CloneDisk[] | RefusedDecision;

export function disksOfPresent(facts: Facts): Disks {
  return presentInUseRefusal(facts) ?? planCloneDisks(snapshotableDisks(facts.vm), facts);
}

/** Disks that were attached to the running VM alone: the configuration, which the clone gets, does not have them. */
export function liveOnlyDisks(name: string, { frozenDisks }: Facts): readonly string[] {
  const disks = snapshotableDisks({ disks: frozenDisks?.get(name) ?? [] });
  return disks.filter(({ only }) => only === 'running').map(({ target }) => target);
}

/** @param way `look`: nothing is made of it; a tag can be read while its image is written to */
export function disksOfSnapshot(name: string, way: CloneWay | 'look', facts: Facts): Disks {
  const snapshot = snapshotFor('clone', name, facts);
  if ('refusal' in snapshot) {
    return snapshot;
  }
  const frozen = facts.frozenDisks?.get(name);
  if (frozen === undefined) {
    return refuse('notAllSeen', { vm: facts.vm.name, fact: 'frozenDisks' });
  }
  const disks = snapshotableDisks({ disks: frozen }).filter(({ only }) => only !== 'running');
  const out = disks.find(({ target }) => !takesPart(snapshot, target));
  if (out !== undefined) {
    return refuse('diskNotHeld', { vm: facts.vm.name, snapshot: snapshot.title, disk: out.target });
  }
  const problem =
    snapshot.style === 'internal'
      ? insideRefusal(snapshot, way, disks, facts)
      : (inUseRefusal(facts) ?? unreadableContentRefusal(snapshot, facts));
  return problem ?? planCloneDisks(disks, facts, snapshot.style === 'internal' ? name : undefined);
}

/** QEMU may write into the very image while it is read, and two tags of a name leave open which is meant. */
function insideRefusal(
  snapshot: Snapshot,
  way: CloneWay | 'look',
  disks: readonly VmDisk[],
  facts: Facts,
): RefusedDecision | undefined {
  const { vm, files } = facts;
  if (way === 'linked') {
    return refuse('linkedToTag', { vm: vm.name, snapshot: snapshot.title });
  }
  if (isActive(vm.power) && way !== 'look') {
    return refuse('cloneNeedsOff', { vm: vm.name, state: vm.power, snapshot: snapshot.title });
  }
  const used = way === 'look' ? undefined : presentInUseRefusal(facts);
  if (used !== undefined) {
    return used;
  }
  for (const { source = '' } of disks) {
    const image = files?.images.get(source);
    const tags = typeof image === 'object' ? image.tags : undefined;
    if (tags !== undefined && tags.filter((tag) => tag === snapshot.name).length > 1) {
      return refuse('tagTwice', { snapshot: snapshot.title, file: source });
    }
  }
  return brokenRefusal(snapshot, facts);
}

function planCloneDisks(disks: readonly VmDisk[], facts: Facts, tag?: string): Disks {
  const { vm } = facts;
  if (disks.length === 0) {
    return refuse('noDisks', { vm: vm.name });
  }
  const odd = disks.find(({ sourceType, source }) => sourceType !== 'file' || source?.startsWith('/') !== true);
  if (odd !== undefined) {
    return refuse('diskTypeUnsupported', { vm: vm.name, disk: odd.target, type: odd.sourceType });
  }
  const peculiar = anotherFileRefusal(disks, facts);
  if (peculiar !== undefined) {
    return peculiar;
  }
  const ring = ringRefusal(facts);
  if (ring !== undefined) {
    return ring;
  }
  for (const disk of disks) {
    const chain = wholeChain(disk, facts).filter((file) => !isMarked(file, facts));
    const broken = brokenLayerRefusal(disk.target, chain, facts);
    if (broken !== undefined) {
      return broken;
    }
  }
  return disks.map((disk) => ({
    target: disk.target,
    from: disk.source ?? '',
    format: disk.format,
    ...(tag === undefined ? {} : { tag }),
    bytes: mostBytes(disk, facts, tag),
  }));
}

/** Finds a damaged image among the VM's disks. */
export function damagedImage(facts: Facts): string | undefined {
  return snapshotableDisks(facts.vm)
    .flatMap((disk) => wholeChain(disk, facts))
    .find((file) => isMarked(file, facts));
}

/** As damaged, by QEMU: it can be read all the same. */
function isMarked(file: string, { files }: Facts): boolean {
  const image = files?.images.get(file);
  return typeof image === 'object' && image.corrupt === true && notMarked(image).empty === undefined;
}

/**
 * No more than its layers hold, and no more than the disk has; it may have had more when a snapshot inside it was
 * taken.
 */
function mostBytes(disk: VmDisk, facts: Facts, tag?: string): number {
  const seen = wholeChain(disk, facts).flatMap((file) => {
    const image = facts.files?.images.get(file);
    return typeof image === 'object' ? [image] : [];
  });
  const held = seen.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0);
  return tag === undefined ? Math.min(held, seen[0]?.virtualBytes ?? held) : held;
}

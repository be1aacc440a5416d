// Whether a QEMU works on the VM's files behind libvirt's back: a daemon that died in a merge may know afterwards
// neither that the VM runs nor on which file. Told by the locks that QEMU keeps on its images; what they do not tell is
// not known.
import { wholeChain } from './backingChain.js';
import { restingOn } from './fileUse.js';
import type { Facts } from '../facts.js';
import type { SnapshotTree } from '../snapshot.js';
import { isActive, snapshotableDisks } from '../vm.js';

export interface StrayQemu {
  readonly kind: 'runsUnseen' | 'mergeLost';
  readonly disk: string;
  /** It is open for writing. */
  readonly file: string;
  /** On which the disk stands, as libvirt says. */
  readonly said: string;
}

/** Whether it is known that a merge broke off; else libvirt's mark on a snapshot tells. */
export type MergeEvidence = 'brokeOff' | 'asMarked';

/**
 * Whether the rows below that find something can be reached at all: where not, nobody need list the locks. That takes
 * the kernel 8 to 15 ms (Linux 6.18, at rest), longer than all else that is looked at, for it lets everybody else
 * finish first.
 */
export function asksForWritten({ vm, tree }: Pick<Facts, 'vm' | 'tree'>, merge: MergeEvidence = 'asMarked'): boolean {
  return vm.power === 'off' || (isActive(vm.power) && (merge === 'brokeOff' || markedDisks(tree).size > 0));
}

function markedDisks({ snapshots }: SnapshotTree): ReadonlySet<string> {
  const marked = snapshots.flatMap(({ disks }) => disks.filter((disk) => disk.deleteInProgress));
  return new Set(marked.map(({ target }) => target));
}

/**
 * | libvirt says                        | open for writing                              | → |
 * |-------------------------------------|-----------------------------------------------|---|
 * | off                                 | a file of the disk, or one that rests on it   | runsUnseen |
 * | active, a job on the disk, or not asked | any                                       | nothing: a merge opens what it merges into |
 * | active, no job, a merge broke off   | a file below the one that the disk stands on  | mergeLost |
 * | active, no job, none broke off      | any                                           | nothing: QEMU keeps a base open after a merge that failed or was cancelled |
 * | any                                 | only files that another VM names that is not off | nothing: they may be its own |
 */
export function findStrayQemu(facts: Facts, merge: MergeEvidence = 'asMarked'): StrayQemu | undefined {
  const { vm, tree, files, otherVms, blockJobs, written } = facts;
  if (!asksForWritten(facts, merge)) {
    return undefined;
  }
  const marked = markedDisks(tree);
  const foreign = new Set(otherVms?.flatMap((other) => (other.active === false ? [] : other.files)));
  const isWritten = (file: string): boolean => {
    const image = files?.images.get(file);
    return typeof image === 'object' && image.real !== undefined && written?.has(image.real) === true;
  };
  for (const disk of snapshotableDisks(vm)) {
    const { target, source: said } = disk;
    if (said === undefined || disk.shareable || disk.readonly) {
      continue;
    }
    const off = vm.power === 'off';
    if (!off && (!isActive(vm.power) || blockJobs === undefined || blockJobs.includes(target))) {
      continue;
    }
    if (!off && merge === 'asMarked' && !marked.has(target)) {
      continue;
    }
    const [, ...below] = wholeChain(disk, facts);
    const suspects = off ? [said, ...below, ...restingOn(facts, [said])] : below;
    // The QEMU of a VM that runs lets nobody else write below its disk; under one that is off another VM may stand
    // there.
    const mayJudge = (one: string): boolean => !off || one === said || otherVms !== undefined;
    const file = suspects.find((one) => isWritten(one) && !foreign.has(one) && mayJudge(one));
    if (file !== undefined) {
      return { kind: off ? 'runsUnseen' : 'mergeLost', disk: target, file, said };
    }
  }
  return undefined;
}

/**
 * Finds a file of a disk that another program only reads, while the VM is off. No other may write to it meanwhile, so
 * that a start, and each change inside the image, fails: libvirt forgets an internal snapshot first (measured on 9.0).
 */
export function findReadFile({ vm, files, otherVms, held }: Facts): string | undefined {
  const foreign = new Set(otherVms?.flatMap((other) => other.files));
  const disks = vm.power === 'off' ? snapshotableDisks(vm).filter((one) => !one.shareable && !one.readonly) : [];
  return disks
    .flatMap(({ source }) => source ?? [])
    .find((file) => {
      const image = files?.images.get(file);
      return (
        !foreign.has(file) && typeof image === 'object' && image.real !== undefined && held?.has(image.real) === true
      );
    });
}

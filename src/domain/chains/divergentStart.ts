// Disks of a VM that runs which would be other files at its next start: libvirt writes down both, and died between the two, or
// somebody defined the VM anew. What is not seen is not judged; knows no repair.
import { wholeChain } from './backingChain.js';
import { restingOn } from './fileUse.js';
import type { Facts } from '../facts.js';
import { isActive, snapshotableDisks } from '../vm.js';

export interface DivergentStart {
  readonly disk: string;
  /** On which it runs. */
  readonly file: string;
  readonly format: string;
  readonly configured: string;
  /**
   * One of the two is built on the other, so the one that runs holds what is newer: a merge, or a new overlay, that was not
   * written down. Else somebody may want another disk at the next start.
   */
  readonly isSameDisk: boolean;
}

/** A medium that somebody put into a drive is no disk of its own; a disk that is in one of the two alone was plugged. */
export function divergentStarts(facts: Facts): readonly DivergentStart[] {
  const { vm, configured = [] } = facts;
  if (!isActive(vm.power) || !vm.persistent) {
    return [];
  }
  return snapshotableDisks(vm).flatMap((disk): readonly DivergentStart[] => {
    const { target, source: file, format } = disk;
    const next = configured.find((one) => one.target === target && one.device === disk.device);
    if (file === undefined || next?.source === undefined || next.source === file) {
      return [];
    }
    const isSameDisk =
      wholeChain(disk, facts).includes(next.source) ||
      wholeChain(next, facts).includes(file) ||
      restingOn(facts, [file]).has(next.source);
    return [{ disk: target, file, format, configured: next.source, isSameDisk }];
  });
}

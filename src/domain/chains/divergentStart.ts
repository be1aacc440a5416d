// Disks of a VM that runs which would be other files at its next start: libvirt writes down both, and died between the
// two, or somebody defined the VM anew. What is not seen is not judged; knows no repair.
import { wholeChain } from './backingChain.js';
import { restingOn } from './fileUse.js';
import { identitiesOf } from './samePath.js';
import type { Facts } from '../facts.js';
import { isActive, snapshotableDisks } from '../vm.js';

interface DivergentStart {
  readonly disk: string;
  /** On which it runs. */
  readonly file: string;
  readonly format: string;
  readonly configured: string;
  /**
   * One of the two is built on the other, so the one that runs holds what is newer: a merge, or a new overlay, that was
   * not written down. Else somebody may want another disk at the next start.
   */
  readonly isSameDisk: boolean;
}

/**
 * A medium that somebody put into a drive is no disk of its own; a disk that is in one of the two alone was plugged.
 */
export function divergentStarts(facts: Facts): readonly DivergentStart[] {
  const { vm, configured: definition = [] } = facts;
  if (!isActive(vm.power) || !vm.persistent) {
    return [];
  }
  return snapshotableDisks(vm).flatMap((disk): readonly DivergentStart[] => {
    const { target, source: file, format } = disk;
    const next = definition.find((one) => one.target === target && one.device === disk.device);
    const configured = next?.source;
    if (file === undefined || next === undefined || configured === undefined || leadToOne([file], configured, facts)) {
      return [];
    }
    const isSameDisk =
      leadToOne(wholeChain(disk, facts), configured, facts) ||
      leadToOne(wholeChain(next, facts), file, facts) ||
      restingOn(facts, [file]).has(configured);
    return [{ disk: target, file, format, configured, isSameDisk }];
  });
}

/** Any of these paths and this one, however they are written. */
function leadToOne(paths: readonly string[], path: string, { files }: Facts): boolean {
  const identities = (one: string): readonly string[] => identitiesOf(one, files?.images.get(one));
  const own = identities(path);
  return paths.some((one) => identities(one).some((identity) => own.includes(identity)));
}

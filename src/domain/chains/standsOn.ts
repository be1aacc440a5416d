// Whether a VM stands on a file, and whether a file is there, as far as it was seen.
import { wholeChain } from './backingChain.js';
import type { Facts } from '../facts.js';

/** The VM's disks are these files, or overlays of them. */
export function standsOn(disks: readonly { readonly target: string; readonly file: string }[], facts: Facts): boolean {
  return disks.every(({ target, file }) => {
    const disk = facts.vm.disks.find((one) => one.target === target);
    return disk !== undefined && wholeChain(disk, facts).includes(file);
  });
}

export function isThere(file: string, { files }: Facts): boolean {
  return typeof files?.images.get(file) === 'object' || typeof files?.files.get(file) === 'object';
}

/** For certain. */
export function isMissing(file: string, { files }: Facts): boolean {
  return (files?.images.get(file) ?? files?.files.get(file)) === 'missing';
}

// Disks below which a managed save would be continued: its own configuration names the files of then, and somebody has
// put overlays on them since. What is not seen is not judged; knows no way out.
import type { Facts } from '../facts.js';
import { wholeChain } from './backingChain.js';

interface OutdatedSave {
  readonly disk: string;
  /** What the guest would write to when its RAM is back. */
  readonly file: string;
  /** What is built on it, and would be damaged. */
  readonly overlay: string;
}

/** libvirt takes an external snapshot beside a managed save, and starts the VM from the save beside such a snapshot. */
export function outdatedSaves(facts: Pick<Facts, 'vm' | 'files'>): readonly OutdatedSave[] {
  const { power, managedSave, savedDisks = [], disks } = facts.vm;
  if (power !== 'off' || !managedSave) {
    return [];
  }
  return savedDisks.flatMap(({ target, file }): readonly OutdatedSave[] => {
    const disk = disks.find((one) => one.target === target);
    const [overlay, ...below] = disk === undefined ? [] : wholeChain(disk, facts);
    return overlay !== undefined && below.includes(file) ? [{ disk: target, file, overlay }] : [];
  });
}

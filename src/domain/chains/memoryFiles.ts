// Whether the file that a snapshot names for its RAM is one that may go with it. libvirt removes whatever stands there
// without a look at it (9.0 by us, later by itself). Touches nothing.
import { versionOf } from '../capabilities.js';
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import type { Vm } from '../vm.js';

/** As we name them: nobody else's file is called so. */
export function isOurMemoryName(file: string, { uuid }: Vm): boolean {
  const start = uuid.slice(0, 8).replace(/[^0-9a-f]/gu, '');
  return new RegExp(String.raw`-\d{9,11}-${start}\.mem$`, 'u').test(file);
}

/**
 * | the file                                            | → |
 * |-----------------------------------------------------|---|
 * | is not there, or holds nothing                      | yes |
 * | is named as ours are                                | yes: one that is torn is one too |
 * | holds RAM of a VM with this UUID                    | yes |
 * | holds something else, or nobody could look into it  | no |
 * | nobody looked, for a menu                           | yes: who carries it out looks |
 */
export function isRamOf(file: string, { vm, files, savedRam }: Facts): boolean {
  const seen = files?.files.get(file);
  if (savedRam === undefined || seen === 'missing' || (typeof seen === 'object' && seen.bytes === 0)) {
    return true;
  }
  const saved = savedRam.get(file);
  return isOurMemoryName(file, vm) || (typeof saved === 'object' && saved.uuid === vm.uuid);
}

/**
 * | the files with the RAM of those that go         | → |
 * |-------------------------------------------------|---|
 * | one is not this VM's RAM, as far as can be seen | memoryFileForeign |
 * | one is named by a snapshot that stays, libvirt ≥ 9.1 removes it | memoryFileForeign |
 * | otherwise                                       | ok |
 */
export function memoryFileRefusal(doomed: readonly Snapshot[], facts: Facts): RefusedDecision | undefined {
  const byLibvirt = facts.capabilities.libvirt >= versionOf(9, 1);
  const staying = byLibvirt ? facts.tree.snapshots.filter(({ name }) => doomed.every((one) => one.name !== name)) : [];
  for (const { title, memory } of doomed) {
    const { file } = memory;
    if (file !== undefined && (!isRamOf(file, facts) || staying.some((other) => other.memory.file === file))) {
      return refuse('memoryFileForeign', { vm: facts.vm.name, snapshot: title, file });
    }
  }
  return undefined;
}

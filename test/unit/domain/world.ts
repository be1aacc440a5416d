// What a person could tell apart of a VM, its snapshots and their files.
import { wholeChain } from '../../../src/domain/chains/backingChain.js';
import type { Facts } from '../../../src/domain/facts.js';

/** Epochs in generated names are made alike: a revert that is done again has another. */
export const alike = (file: string): string => file.replace(/\.\d{9,11}(?=$|\.qcow2$)/u, '.E');

/** All that a person could tell apart. */
export function form(facts: Facts): object {
  const { vm, tree, files } = facts;
  const seen = [...(files?.images ?? []), ...(files?.files ?? [])].filter(([, image]) => typeof image === 'object');
  return {
    chains: vm.disks.map((disk) => wholeChain(disk, facts).map(alike)),
    managedSave: vm.managedSave,
    current: tree.current,
    snapshots: tree.snapshots.map(({ name, parent }) => `${parent ?? '-'}>${name}`).toSorted(),
    files: seen.map(([file]) => alike(file)).toSorted(),
  };
}

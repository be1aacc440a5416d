// What a person could tell apart of a VM, its snapshots and their files.
import { wholeChain } from '../../../src/domain/chains/fileUse.js';
import type { Facts } from '../../../src/domain/facts.js';

/** All that a person could tell apart: epochs are made alike, for a revert that is done again has another. */
export function form(facts: Facts): unknown {
  const { vm, tree, files } = facts;
  const alike = (file: string): string => file.replace(/\.\d{9,11}$/u, '.E');
  const seen = [...(files?.images ?? []), ...(files?.files ?? [])].filter(([, image]) => typeof image === 'object');
  return {
    chains: vm.disks.map((disk) => wholeChain(disk, facts).map(alike)),
    managedSave: vm.managedSave,
    current: tree.current,
    snapshots: tree.snapshots.map(({ name, parent }) => `${parent ?? '-'}>${name}`).toSorted(),
    files: seen.map(([file]) => alike(file)).toSorted(),
  };
}

// Whether QEMU has what it needs for the VM of a snapshot, beside disks: its own program, firmware, a kernel. libvirt
// looks when the VM is off already, and by then the snapshot's configuration may be the VM's.
import { isThere } from '../domain/chains/standsOn.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import type { Facts } from '../domain/facts.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import { findSnapshot } from '../domain/snapshotTree.js';

export function filesToStart(snapshot: string, { startNeeds }: Facts): readonly string[] {
  return startNeeds?.get(snapshot)?.files.map(({ file }) => file) ?? [];
}

/**
 * | of the VM of the snapshot                         | it is to start | → |
 * |---------------------------------------------------|----------------|---|
 * | libvirt has not its QEMU, or not its machine type | any: libvirt defines no such VM | startFileMissing |
 * | libvirt has not the QEMU of its RAM in a file     | with that      | startFileMissing |
 * | firmware, a kernel and its like is missing        | yes            | startFileMissing |
 * | … and its folder too, as for a program in a container | yes        | ok: libvirt may see another folder there |
 * | a template of UEFI variables is missing           | yes            | the same, where the VM has no variables |
 * | any of these                                      | no             | ok |
 */
export function startRefusal(name: string, starts: boolean, facts: Facts): RefusedDecision | undefined {
  const { vm, tree, files, startNeeds } = facts;
  const title = findSnapshot(tree, name)?.title ?? name;
  const { unfit, files: needed = [] } = startNeeds?.get(name) ?? {};
  if (unfit !== undefined) {
    return refuse('startFileMissing', { vm: vm.name, snapshot: title, name, file: unfit.emulator, said: unfit.said });
  }
  const ram = starts ? ramQemuRefusal(name, facts) : undefined;
  if (ram !== undefined) {
    return ram;
  }
  const missing = needed.find(
    ({ what, file }) =>
      starts &&
      files?.files.get(file) === 'missing' &&
      typeof files.lists.get(folderOf(file)) === 'object' &&
      (what !== 'template' || vm.nvram === undefined || !isThere(vm.nvram, facts)),
  );
  return missing && refuse('startFileMissing', { vm: vm.name, snapshot: title, name, file: missing.file });
}

/** Refuses an operation that loads the RAM of a snapshot from a file which this QEMU cannot read. */
export function ramQemuRefusal(name: string, { vm, tree, savedRam }: Facts): RefusedDecision | undefined {
  const { title = name, memory } = findSnapshot(tree, name) ?? {};
  const file = memory?.file ?? '';
  return savedRam?.get(file) === 'noQemu'
    ? refuse('startFileMissing', { vm: vm.name, snapshot: title, name, file, ram: 'yes' })
    : undefined;
}

// Whether somebody has used a VM that we made, or may have. What we wrote down says what was meant to be; only this
// says that something may go without a question.
import type { Facts } from '../facts.js';
import type { LoggedOperation } from '../loggedOperation.js';
import type { VmAsMade, UseOfVm } from '../clone.js';
import { isActive, isOwnDisk } from '../vm.js';
import { otherVmRefusal } from './otherVms.js';

/** What a look at one tells. */
export interface SeenVm {
  readonly facts: Facts;
  /** False: libvirt has no VM of its UUID, and `facts` has its files alone. */
  readonly isThere: boolean;
  readonly definition?: string;
  readonly log: readonly Pick<LoggedOperation, 'request'>[];
}

/**
 * | of the VM with that UUID                                                              | use        |
 * |---------------------------------------------------------------------------------------|------------|
 * | it is on, or its RAM is saved; it was switched on or off by us, and not just now      | power      |
 * | a disk was written to, or that cannot be seen                                         | content    |
 * | another name, other disks or other XML; transient                                     | definition |
 * | a snapshot that is not ours                                                           | snapshots  |
 * | any other operation of ours, unless it was lent                                       | history    |
 * | another VM, an image or a program rests on its files, or may; only may: not if lent   | files      |
 *
 * If the VM is gone, only its files are checked. The media of a clone are those of its VM, and never go with it.
 */
export function usesSinceMade(
  { name, files, definition, isOwn = () => false, started }: VmAsMade,
  { facts, isThere, definition: now, log }: SeenVm,
): readonly UseOfVm[] {
  // What we have started holds its files itself.
  const held = started !== undefined && facts.vm.power !== 'off' ? { ...facts, held: new Set<string>() } : facts;
  const isUsed =
    otherVmRefusal(files, held, started === 'lent' ? 'passOver' : 'refuse') !== undefined ||
    (started !== 'lent' && (facts.unasked ?? []).length > 0);
  if (!isThere) {
    return isUsed ? ['files'] : [];
  }
  const { vm, tree } = facts;
  const isOn = isActive(vm.power) || vm.managedSave;
  const disks = vm.disks.flatMap(({ device, source }) => (device === 'disk' ? [source ?? ''] : []));
  const isPower = (one: Pick<LoggedOperation, 'request'>): boolean => one.request.kind === 'power';
  const isSame =
    vm.persistent &&
    vm.name === name &&
    vm.disks.every(
      (disk) =>
        (disk.source !== undefined && files.includes(disk.source)) || (vm.clone !== undefined && !isOwnDisk(disk)),
    ) &&
    // What runs is told with what it has for this run.
    (isOn || definition === undefined || definition === now);
  return [
    ...(started === undefined && (isOn || log.some(isPower)) ? (['power'] as const) : []),
    ...(started === undefined && !disks.every((file) => isUnwritten(file, facts)) ? (['content'] as const) : []),
    ...(isSame ? [] : (['definition'] as const)),
    ...(tree.snapshots.every(isOwn) ? [] : (['snapshots'] as const)),
    ...(started === 'lent' || log.every(isPower) ? [] : (['history'] as const)),
    ...(isUsed ? (['files'] as const) : []),
  ];
}

/** For certain. */
function isUnwritten(file: string, { files }: Facts): boolean {
  const image = files?.images.get(file);
  return typeof image === 'object' && image.empty === true;
}

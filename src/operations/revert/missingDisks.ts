// Disks that an internal snapshot of a VM that was off holds, and that the VM has no longer.
import { isInside } from '../../domain/chains/fileUse.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isActive } from '../../domain/vm.js';
import type { Step } from '../../steps/step.js';
import { staysRefusal } from '../disk/diskStays.js';

/**
 * libvirt looks for each of them in what the VM is configured with, after it has stopped it. Measured on 9.0: "disk
 * 'vdb' not found in domain". RAM brings its own configuration.
 *
 * | the VM, and that disk        | → |
 * |------------------------------|---|
 * | on                           | diskStays |
 * | off, and it is known how it was | it is added for the revert |
 * | off, and it is not           | noSuchDisk |
 */
export function missingDiskSteps(snapshot: Snapshot, facts: Facts): readonly Step[] | RefusedDecision {
  const { vm, configured = vm.disks, frozenDisks, hardware, files } = facts;
  if (snapshot.kind !== 'offline') {
    return [];
  }
  const steps: Step[] = [];
  for (const { target, source: file, format } of frozenDisks?.get(snapshot.name) ?? []) {
    const has = (isActive(vm.power) ? configured : vm.disks).some((disk) => disk.target === target);
    if (has || !isInside(snapshot, target)) {
      continue;
    }
    if (isActive(vm.power)) {
      return staysRefusal(vm, target, 'running');
    }
    const items = hardware?.then.get(snapshot.name)?.items;
    const xml = items?.find(({ part, id }) => part === 'disk' && id === target)?.whole;
    const image = file === undefined ? undefined : files?.images.get(file);
    if (file === undefined || xml === undefined || typeof image !== 'object') {
      return refuse('noSuchDisk', { vm: vm.name, disk: target });
    }
    const bytes = image.virtualBytes;
    steps.push({ kind: 'addDisk', target, file, format, bytes, from: 'place', device: { xml } });
  }
  return steps;
}

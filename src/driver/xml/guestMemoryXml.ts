// Who writes to a VM's RAM beside QEMU, and as which user that runs, as the XML of a VM that runs tells it.
import { attribute, elementsOf, find, findAll, parseXml, textOf, type XmlElement } from './xmlTree.js';

interface GuestMemory {
  /** Nobody but QEMU has it mapped, and it is no file: a guard over it sees each write. */
  readonly isQemusAlone: boolean;
  /** Number of the user that QEMU runs as; absent: as the daemon does. */
  readonly user?: number;
}

/**
 * | in the XML                                                | RAM is QEMU's alone |
 * |-----------------------------------------------------------|---------------------|
 * | memory backing that is shared, or a file                  | no                  |
 * | a cell of NUMA that is shared                             | no                  |
 * | a memory device: RAM that is plugged, or lasts            | no                  |
 * | encrypted RAM                                             | no                  |
 * | anything of vhost-user or vhost-vdpa: a program or a device that writes by itself | no |
 * | else                                                      | yes                 |
 */
export function readGuestMemory(xml: string): GuestMemory {
  const root = parseXml(xml);
  const backing = find(root, 'memoryBacking');
  const cells = findAll(find(root, 'cpu', 'numa'), 'cell');
  const isShared =
    attribute(find(backing, 'access'), 'mode') === 'shared' ||
    attribute(find(backing, 'source'), 'type') === 'file' ||
    cells.some((cell) => attribute(cell, 'memAccess') === 'shared');
  const devices = find(root, 'devices');
  const label = findAll(root, 'seclabel').find((one) => attribute(one, 'model') === 'dac');
  const user = /^\+?(\d+):/u.exec(textOf(find(label, 'label')) ?? '')?.[1];
  return {
    isQemusAlone:
      !isShared &&
      find(devices, 'memory') === undefined &&
      find(root, 'launchSecurity') === undefined &&
      (devices === undefined || !hasOtherWriter(devices)),
    ...(user === undefined ? {} : { user: Number(user) }),
  };
}

function hasOtherWriter(within: XmlElement): boolean {
  return (
    Object.values(within.attributes).some((value) => /^vhost-?(?:user|vdpa)/u.test(value)) ||
    elementsOf(within).some(hasOtherWriter)
  );
}

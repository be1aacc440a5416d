// What may keep QEMU from saving a VM's RAM, and drives that only QEMU's arguments name, as the XML of the VM tells
// them.
import type { VmDisk } from '../../domain/vm.js';
import { attribute, elementsOf, find, findAll, type XmlElement } from './xmlTree.js';

/** Devices that QEMU saves, or that `Vm.devices` names. Others may be: QEMU itself says so. */
const known: ReadonlySet<string> = new Set([
  'audio',
  'channel',
  'console',
  'controller',
  'disk',
  'emulator',
  'filesystem',
  'graphics',
  'hostdev',
  'hub',
  'input',
  'interface',
  'lease',
  'memballoon',
  'memory',
  'panic',
  'parallel',
  'redirdev',
  'redirfilter',
  'rng',
  'serial',
  'shmem',
  'sound',
  'tpm',
  'video',
  'vsock',
  'watchdog',
]);

const savedFormats: ReadonlySet<string> = new Set(['raw', 'qcow2']);
const savedSources: ReadonlySet<string> = new Set(['file', 'block', 'network', 'volume']);

/**
 * By QEMU's sources, what blocks a migration, and so saving RAM too; all else is passed over, so that QEMU is not
 * asked.
 *
 * | in the XML                                                              | in doubt |
 * |-------------------------------------------------------------------------|----------|
 * | arguments of QEMU's own, or properties of its devices (`qemu:…`)        | yes |
 * | a device that is not in `known`: crypto, iommu, smartcard, …            | yes |
 * | a disk, or a layer of one, of another format than raw and qcow2         | yes |
 * | a disk on the bus nvme, or of a type of source that is none of the usual ones | yes |
 * | a serial port on USB                                                    | yes |
 * | a network card by vhost-user, a TPM of the host, a display that draws by the host's GPU | yes |
 * | a processor that is required to have invtsc, or may not be migrated     | yes |
 * | encrypted RAM (`<launchSecurity>`)                                      | yes |
 * | otherwise                                                               | no |
 */
export function isRamInDoubt(root: XmlElement, disks: readonly VmDisk[]): boolean {
  const devices = find(root, 'devices');
  const cpu = find(root, 'cpu');
  return (
    elementsOf(root).some(({ name, children }) => name.startsWith('qemu:') && children.length > 0) ||
    find(root, 'launchSecurity') !== undefined ||
    attribute(cpu, 'migratable') === 'off' ||
    findAll(cpu, 'feature').some(
      (feature) => attribute(feature, 'name') === 'invtsc' && attribute(feature, 'policy') === 'require',
    ) ||
    disks.some(isDiskInDoubt) ||
    (devices !== undefined && elementsOf(devices).some(isDeviceInDoubt))
  );
}

function isDiskInDoubt({ format, sourceType, source, layers = [] }: VmDisk): boolean {
  return (
    !savedSources.has(sourceType) ||
    (source !== undefined && [{ format }, ...layers].some((one) => !savedFormats.has(one.format ?? 'raw')))
  );
}

function isDeviceInDoubt(device: XmlElement): boolean {
  switch (device.name) {
    case 'disk':
      return attribute(find(device, 'target'), 'bus') === 'nvme';
    case 'interface':
      return attribute(device, 'type') === 'vhostuser';
    case 'serial':
      return attribute(find(device, 'target'), 'type') === 'usb-serial';
    case 'tpm':
      return attribute(find(device, 'backend'), 'type') === 'passthrough';
    case 'video':
      return attribute(find(device, 'model', 'acceleration'), 'accel3d') === 'yes';
    default:
      return !known.has(device.name);
  }
}

/** libvirt plugs them into a QEMU that was started without, whether they were there from the start or not. */
export function hasPluggedProcessors(vcpus: XmlElement | undefined): boolean {
  return findAll(vcpus, 'vcpu').some(
    (vcpu) => attribute(vcpu, 'enabled') === 'yes' && attribute(vcpu, 'hotpluggable') === 'yes',
  );
}

const driveOptions = /^--?(?:drive|blockdev|hd[a-d]|fd[ab]|sd|mtdblock|pflash)$/u;
const onlyRead = /\bmedia=cdrom\b|\bread-?only"?\s*[=:]\s*(?:on|true)\b/u;

/** One that may be written to. libvirt does not know it, so no snapshot of libvirt's holds it for certain. */
export function namesDrive(root: XmlElement): boolean {
  const values = findAll(find(root, 'qemu:commandline'), 'qemu:arg').map((arg) => attribute(arg, 'value') ?? '');
  return values.some((value, at) => driveOptions.test(value) && !onlyRead.test(values[at + 1] ?? ''));
}

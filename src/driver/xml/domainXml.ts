// What the configuration of a VM says: firmware, devices, agent, console, what may keep QEMU from saving its RAM, and
// drives that only QEMU's arguments name.
import { type Vm, type VmDisk, xmlChain } from '../../domain/vm.js';
import { cloneMarkOf } from './cloneMark.js';
import { readDisks } from './diskXml.js';
import { parseQuickly } from './plainXml.js';
import { attribute, elementsOf, find, findAll, textOf, type XmlElement, XmlError } from './xmlTree.js';

/** The part of a VM that stands in its XML. */
type VmConfiguration = Omit<Vm, 'power' | 'powerReason' | 'persistent' | 'managedSave' | 'savedDisks'>;

/**
 * @param tpms the folder with those of the daemon's TPMs
 * @throws XmlError when it is no VM's XML. Unknown elements are passed over.
 */
export function parseDomainXml(xml: string, tpms?: string): VmConfiguration {
  const root = parseQuickly(xml);
  const uuid = textOf(find(root, 'uuid'));
  const name = textOf(find(root, 'name'));
  if (root.name !== 'domain' || uuid === undefined || name === undefined) {
    throw new XmlError('this is not the description of a VM');
  }
  const title = textOf(find(root, 'title'));
  const consoleLog = consoleLogOf(root);
  const agent = agentChannelOf(root);
  const nvram = nvramIn(find(root, 'os'));
  const tpmState = tpmStateOf(root, uuid.toLowerCase(), tpms);
  const devices = devicesOf(root);
  const clone = cloneMarkOf(root);
  const disks = readDisks(root);
  const mentions = mentionsOf(root, new Set(disks.flatMap(xmlChain)));
  return {
    uuid: uuid.toLowerCase(),
    name,
    ...(title === undefined || title === '' ? {} : { title }),
    memoryBytes: memoryOf(find(root, 'memory')),
    disks,
    firmware: firmwareOf(root),
    ...(nvram === undefined ? {} : { nvram }),
    ...(tpmState === undefined ? {} : { tpmState }),
    ...(mentions.length === 0 ? {} : { mentions }),
    ...(devices.length === 0 ? {} : { devices }),
    ...(isRamInDoubt(root, disks) ? { ramInDoubt: true } : {}),
    ...(hasPluggedProcessors(find(root, 'vcpus')) ? { pluggedProcessors: true } : {}),
    ...(find(find(root, 'devices'), 'video') === undefined ? {} : { display: true }),
    agentChannel: agent !== undefined,
    agentConnected: attribute(find(agent, 'target'), 'state') === 'connected',
    ...(consoleLog === undefined ? {} : { consoleLog }),
    ...(clone === undefined ? {} : { clone }),
  };
}

/**
 * | loader            | nvram format | firmware       |
 * |-------------------|--------------|----------------|
 * | none, or type rom | –            | bios           |
 * | pflash, or `<os firmware='efi'>` | qcow2 | uefiQcow2Nvram |
 * | pflash, or `<os firmware='efi'>` | other or absent | uefiRawNvram |
 */
function firmwareOf(root: XmlElement): Vm['firmware'] {
  const os = find(root, 'os');
  const efi = attribute(os, 'firmware') === 'efi' || attribute(find(os, 'loader'), 'type') === 'pflash';
  if (!efi) {
    return 'bios';
  }
  return attribute(find(os, 'nvram'), 'format') === 'qcow2' ? 'uefiQcow2Nvram' : 'uefiRawNvram';
}

/** Old documents have the path as text, newer ones in a `<source>` where it is no plain file, or one after all. */
export function nvramIn(os: XmlElement | undefined): string | undefined {
  const nvram = find(os, 'nvram');
  const path = attribute(find(nvram, 'source'), 'file') ?? textOf(nvram)?.trim();
  return path?.startsWith('/') === true ? path : undefined;
}

/**
 * Where swtpm keeps it, which replaces it there in one move; a `<source>` of another kind is written in place. Of
 * version 2.0 alone. The element came with 10.10.
 */
function tpmStateOf(root: XmlElement, uuid: string, tpms: string | undefined): string | undefined {
  const backend = find(root, 'devices', 'tpm', 'backend');
  if (attribute(backend, 'type') !== 'emulator' || attribute(backend, 'version') !== '2.0') {
    return undefined;
  }
  const source = find(backend, 'source');
  const folder = attribute(source, 'path');
  const isUsual = source === undefined && tpms !== undefined && /^[\da-f-]{36}$/u.test(uuid);
  return isUsual
    ? `${tpms}/${uuid}/tpm2/${tpm2State}`
    : attribute(source, 'type') === 'dir' && folder?.startsWith('/') === true
      ? `${folder.replace(/\/+$/u, '')}/${tpm2State}`
      : undefined;
}

const tpm2State = 'tpm2-00.permall';

/** What goes to QEMU as it is has paths among other words: `file=/img/a,if=virtio`. */
function mentionsOf(root: XmlElement, disks: ReadonlySet<string>): readonly string[] {
  const found = new Set<string>();
  const look = (element: XmlElement): void => {
    for (const text of [...Object.values(element.attributes), textOf(element) ?? '']) {
      for (const path of text.includes('/')
        ? [text.trim(), ...text.replaceAll('file://', '').split(/[,=\s]|:(?!\/\/)/u)]
        : []) {
        if (path.startsWith('/') && !disks.has(path) && !ofSystem.test(path)) {
          found.add(path);
        }
      }
    }
    elementsOf(element).forEach(look);
  };
  look(root);
  return [...found];
}

/** No disk's file is there. */
const ofSystem = /^\/(?:dev|proc|run|sys|usr\/(?:bin|lib|share)|var\/lib\/libvirt\/qemu\/channel)\//u;

/**
 * | element                                        | device     |
 * |------------------------------------------------|------------|
 * | `<hostdev>` but of type usb, `<interface>` of type hostdev or vdpa | hostDevice |
 * | `<filesystem>` with a virtiofs driver          | virtiofs   |
 * | any other `<filesystem>`                       | 9p         |
 * | `<memory model='nvdimm'>`, `virtio-pmem`       | nvdimm     |
 * | `<shmem>`                                      | shmem      |
 * | a drive that is written to, in `<qemu:commandline>` | drive  |
 * | `<tpm>`                                        | tpm        |
 *
 * USB devices do not keep libvirt from saving RAM: the guest sees them unplugged and plugged again.
 */
function devicesOf(root: XmlElement): NonNullable<Vm['devices']> {
  const devices = find(root, 'devices');
  const ofHost = [
    ...findAll(devices, 'hostdev').filter((device) => attribute(device, 'type') !== 'usb'),
    ...findAll(devices, 'interface').filter((nic) => ofHostTypes.has(attribute(nic, 'type') ?? '')),
  ];
  const lasting = findAll(devices, 'memory').filter((memory) => lastingModels.has(attribute(memory, 'model') ?? ''));
  const shared = findAll(devices, 'filesystem').map((fs) => attribute(find(fs, 'driver'), 'type') === 'virtiofs');
  return [
    ...(ofHost.length > 0 ? ['hostDevice' as const] : []),
    ...(shared.includes(true) ? ['virtiofs' as const] : []),
    ...(shared.includes(false) ? ['9p' as const] : []),
    ...(lasting.length > 0 ? ['nvdimm' as const] : []),
    ...(find(devices, 'shmem') === undefined ? [] : ['shmem' as const]),
    ...(namesDrive(root) ? ['drive' as const] : []),
    ...(find(devices, 'tpm') === undefined ? [] : ['tpm' as const]),
  ];
}

const ofHostTypes: ReadonlySet<string> = new Set(['hostdev', 'vdpa']);
/** RAM that is a file of the host, and lasts when the VM is off. */
const lastingModels: ReadonlySet<string> = new Set(['nvdimm', 'virtio-pmem']);

function agentChannelOf(root: XmlElement): XmlElement | undefined {
  return findAll(find(root, 'devices'), 'channel').find(
    (channel) => attribute(find(channel, 'target'), 'name') === 'org.qemu.guest_agent.0',
  );
}

/** The log beside a serial console, or the file that a console of type `file` writes to. */
function consoleLogOf(root: XmlElement): string | undefined {
  const devices = find(root, 'devices');
  for (const port of [...findAll(devices, 'serial'), ...findAll(devices, 'console')]) {
    const file =
      attribute(find(port, 'log'), 'file') ??
      (attribute(port, 'type') === 'file' ? attribute(find(port, 'source'), 'path') : undefined);
    if (file !== undefined) {
      return file;
    }
  }
  return undefined;
}

/** libvirt writes KiB whatever was put in; the other units are those that it documents as its own. */
const unitBytes: Readonly<Record<string, number>> = { b: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

export function memoryOf(memory: XmlElement | undefined): number {
  const amount = Number(textOf(memory) ?? 0);
  const bytes = amount * (unitBytes[attribute(memory, 'unit') ?? 'KiB'] ?? 1024);
  return Number.isFinite(bytes) ? bytes : 0;
}

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
function isRamInDoubt(root: XmlElement, disks: readonly VmDisk[]): boolean {
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
function hasPluggedProcessors(vcpus: XmlElement | undefined): boolean {
  return findAll(vcpus, 'vcpu').some(
    (vcpu) => attribute(vcpu, 'enabled') === 'yes' && attribute(vcpu, 'hotpluggable') === 'yes',
  );
}

const driveOptions = /^--?(?:drive|blockdev|hd[a-d]|fd[ab]|sd|mtdblock|pflash)$/u;
const onlyRead = /\bmedia=cdrom\b|\bread-?only"?\s*[=:]\s*(?:on|true)\b/u;

/** One that may be written to. libvirt does not know it, so no snapshot of libvirt's holds it for certain. */
function namesDrive(root: XmlElement): boolean {
  const values = findAll(find(root, 'qemu:commandline'), 'qemu:arg').map((arg) => attribute(arg, 'value') ?? '');
  return values.some((value, at) => driveOptions.test(value) && !onlyRead.test(values[at + 1] ?? ''));
}

// A VM's XML with other files as its disks: for a definition out of a snapshot, and for RAM out of a file.
// Pure; refuses to know what the files are.
import { isDevicePath } from '../../domain/devicePath.js';
import type { SavedRam } from '../../domain/snapshot.js';
import type { MovedName, TargetFile } from '../../steps/step.js';
import { pathOf, readDisks } from './diskXml.js';
import type { Vm } from '../../domain/vm.js';
import { attribute, element, find, findAll, parseXml, textOf, writeXml, XmlError, type XmlElement } from './xmlTree.js';
import { strangersIn } from './knownDiskXml.js';
import { changeChildren, isElement, withText } from './xmlChange.js';

/**
 * The VM's configuration as the snapshot has it, on these files: its `<inactiveDomain>`, which is the persistent one of
 * a VM that was running, else its `<domain>`. The VM keeps the name and UUID that it has now. The document must have
 * been read with VIR_DOMAIN_SNAPSHOT_XML_SECURE: passwords that are missing in it are gone for good.
 * @throws XmlError when the snapshot holds no configuration, or lacks one of the disks.
 */
export function writeDefinition(
  secureXml: string,
  { name, uuid }: Pick<Vm, 'name' | 'uuid'>,
  disks: readonly TargetFile[],
): string {
  const root = parseXml(secureXml);
  const kept = find(root, 'inactiveDomain') ?? find(root, 'domain');
  if (root.name !== 'domainsnapshot' || kept === undefined || find(kept, 'devices') === undefined) {
    throw new XmlError('the snapshot does not hold the configuration of its VM');
  }
  const named = withText(withText({ ...kept, name: 'domain' }, 'name', name), 'uuid', uuid, 'name');
  return writeXml(withoutRuntime(retargetDisks(named, disks)));
}

/**
 * The XML of a file with a VM's RAM, on these files.
 * @throws XmlError when it is of another VM or of this one under another name: libvirt compares both, and only after
 * it has been asked to start.
 */
export function writeSavedDomain(
  savedXml: string,
  { name, uuid }: Pick<Vm, 'name' | 'uuid'>,
  disks: readonly TargetFile[],
): string {
  const root = parseXml(savedXml);
  const saved = savedRamOf(root);
  if (saved.name !== name || saved.uuid !== uuid) {
    throw new XmlError(`the RAM is of a VM ${saved.name} (${saved.uuid}), not of ${name} (${uuid})`);
  }
  return writeXml(retargetDisks(root, disks));
}

/** @throws XmlError when it is no VM's XML */
export function parseSavedRam(savedXml: string): Exclude<SavedRam, string> {
  const root = parseXml(savedXml);
  const disks = readDisks(root).map(({ target, source: file }) => ({
    target,
    ...(file === undefined ? {} : { file }),
  }));
  return { ...savedRamOf(root), disks };
}

function savedRamOf(root: XmlElement): Pick<Vm, 'name' | 'uuid'> {
  const [name, uuid] = [textOf(find(root, 'name')), textOf(find(root, 'uuid'))?.toLowerCase()];
  if (root.name !== 'domain' || name === undefined || uuid === undefined) {
    throw new XmlError('this is not the description of a VM');
  }
  return { name, uuid };
}

/**
 * A VM's own configuration, on other files of these formats. The document must have been read with its passwords.
 * @throws XmlError when it lacks one of the disks
 */
export function onFiles(secureXml: string, disks: readonly (TargetFile & { readonly format: string })[]): string {
  const root = parseXml(secureXml);
  if (root.name !== 'domain') {
    throw new XmlError('this is not the description of a VM');
  }
  return writeXml(redirectDisks(root, disks));
}

/**
 * Without these layers of disks, which hold nothing any more that is not in what they rest on, or which the images name
 * too. What else is told of the layers stays: libvirt opens those that a configuration names, and looks into images
 * only from the last one on.
 */
export function withoutLayersNamed(secureXml: string, layers: readonly TargetFile[]): string {
  const without = (disk: XmlElement): XmlElement =>
    layers.reduce((left, { target, file }) => (target === targetOf(disk) ? withoutLayer(left, file) : left), disk);
  return writeXml(
    changeChildren(parseXml(secureXml), 'devices', (devices) => changeChildren(devices, 'disk', without)),
  );
}

function withoutLayer(of: XmlElement, file: string): XmlElement {
  const below = find(of, 'backingStore');
  if (below === undefined) {
    return of;
  }
  const rest = pathOf(below) === file ? find(below, 'backingStore') : withoutLayer(below, file);
  return { ...of, children: of.children.flatMap((node) => (node === below ? (rest ?? []) : [node])) };
}

/** A VM's own configuration, with the files that its disks rest on under their names of now. */
export function withNamesOfNow(secureXml: string, files: readonly MovedName[]): string {
  return writeXml(renameFileNames(parseXml(secureXml), files));
}

/** Files of disks, of what these rest on, and of RAM: wherever one of these stands as a name, and in nothing else. */
export function renameFileNames(root: XmlElement, files: readonly MovedName[]): XmlElement {
  const names = new Map(files.map(({ from, to }) => [from, to]));
  const renameNode = (node: XmlElement): XmlElement => {
    const isNaming = node.name === 'source' || node.name === 'memory';
    const attributes = Object.entries(node.attributes).map(([key, value]) => [
      key,
      isNaming && (key === 'file' || key === 'dev') ? (names.get(value) ?? value) : value,
    ]);
    return {
      ...node,
      attributes: Object.fromEntries(attributes) as XmlElement['attributes'],
      children: node.children.map((child) => (isElement(child) && isWithin(node, child) ? renameNode(child) : child)),
    };
  };
  return renameNode(root);
}

/** Other elements name files too, which are none of a disk: serial ports, firmware. */
function isWithin(parent: XmlElement, { name }: XmlElement): boolean {
  return parent.name === 'devices' ? name === 'disk' : name !== 'metadata' && name !== 'os';
}

/** New overlays are qcow2. @throws XmlError when there is no such disk, or one twice. */
function retargetDisks(domain: XmlElement, disks: readonly TargetFile[]): XmlElement {
  return redirectDisks(
    domain,
    disks.map((disk) => ({ ...disk, format: 'qcow2' })),
  );
}

/** With other files as these disks. @throws XmlError when there is no such disk, or one twice. */
export function redirectDisks(
  domain: XmlElement,
  disks: readonly (TargetFile & { readonly format: string })[],
): XmlElement {
  const files = new Map(disks.map((disk) => [disk.target, disk]));
  const present = findAll(find(domain, 'devices'), 'disk').map(targetOf);
  for (const target of files.keys()) {
    if (present.filter((other) => other === target).length !== 1) {
      throw new XmlError(`there is no disk ${target}, or more than one`);
    }
  }
  return changeChildren(domain, 'devices', (devices) =>
    changeChildren(devices, 'disk', (disk) => {
      const file = files.get(targetOf(disk));
      return file === undefined ? disk : onFile(disk, file);
    }),
  );
}

function targetOf(disk: XmlElement): string {
  return attribute(find(disk, 'target'), 'dev') ?? '';
}

/**
 * The last fence: plans refuse such disks before anything is done (`operations/diskRefusals`).
 * What is below the old file (`<backingStore>`), beside it (`<mirror>`) or within its `<source>` says nothing of the
 * new one, but for what the person chose: security labels, and what to do when the file is missing.
 * @throws XmlError when something of the disk is bound to the old file, or not known
 */
function onFile(disk: XmlElement, { file, format }: TargetFile & { readonly format: string }): XmlElement {
  const [stranger] = strangersIn(disk);
  if (stranger !== undefined) {
    throw new XmlError(`disk ${targetOf(disk)} has ${stranger}, which cannot be carried over to ${file}`);
  }
  const [driver, source] = [find(disk, 'driver'), find(disk, 'source')];
  const startupPolicy = attribute(source, 'startupPolicy');
  const replaced = new Set(['driver', 'source', 'backingStore', 'mirror']);
  const isDevice = isDevicePath(file);
  return element('disk', { ...disk.attributes, type: isDevice ? 'block' : 'file' }, [
    element('driver', { name: 'qemu', ...driver?.attributes, type: format }, driver?.children),
    element(
      'source',
      { ...(isDevice ? { dev: file } : { file }), ...(startupPolicy === undefined ? {} : { startupPolicy }) },
      findAll(source, 'seclabel'),
    ),
    ...disk.children.filter((node) => !isElement(node) || !replaced.has(node.name)),
  ]);
}

/**
 * A disk by itself: as it was configured, or a new one on that bus.
 * @throws XmlError where it was another one, or something of it is bound to another file, or not known
 */
export function writeDisk(
  disk: TargetFile & { readonly format: string },
  device: { readonly xml: string } | { readonly bus: string },
): string {
  if ('bus' in device) {
    const target = element('target', { dev: disk.target, bus: device.bus });
    return writeXml(onFile(element('disk', { device: 'disk' }, [target]), disk));
  }
  const was = parseXml(device.xml);
  if (was.name !== 'disk' || targetOf(was) !== disk.target) {
    throw new XmlError(`this is not the disk ${disk.target}`);
  }
  return writeXml(onFile(was, disk));
}

/** The disk of a VM as its XML tells it; undefined where there is none. */
export function diskOf(xml: string, target: string): string | undefined {
  const disk = findAll(find(parseXml(xml), 'devices'), 'disk').find((one) => targetOf(one) === target);
  return disk && writeXml(disk);
}

/** Names that libvirt gives to what runs, and the number of the run, are no part of a configuration. */
export function withoutRuntime(domain: XmlElement): XmlElement {
  const attributes = Object.fromEntries(Object.entries(domain.attributes).filter(([name]) => name !== 'id'));
  const withoutAlias = (device: XmlElement): XmlElement => ({
    ...device,
    children: device.children.filter((node) => !isElement(node, 'alias') || attribute(node, 'name')?.startsWith('ua-')),
  });
  return changeChildren({ ...domain, attributes }, 'devices', (devices) => ({
    ...devices,
    children: devices.children.map((node) => (isElement(node) ? withoutAlias(node) : node)),
  }));
}

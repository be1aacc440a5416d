// The configuration of a clone: that of the VM it is made of, with a name, addresses and files of its own. Pure.
import { createHash } from 'node:crypto';
import type { ClonedVm } from '../../steps/step.js';
import { withCloneMark } from './cloneMark.js';
import { redirectDisks, withoutRuntime } from './retarget.js';
import { changeChildren, isElement, withText } from './xmlChange.js';
import { attribute, element as e, find, findAll, parseXml, writeXml, XmlError, type XmlElement } from './xmlTree.js';

/**
 * What two VMs cannot both have, or must not:
 *
 * | in the configuration                                | in the clone's |
 * |-----------------------------------------------------|----------------|
 * | name, UUID, the UUID that the guest reads (SMBIOS)  | its own |
 * | title                                               | none: its name is shown |
 * | generation ID                                       | a new one, if it has one |
 * | disks that are written to, UEFI variables, the seed | its own files |
 * | MAC addresses                                       | new ones, or kept |
 * | cables                                              | as they are, or out |
 * | names of the host's network devices, ports          | given by libvirt |
 * | ports of the host that passt leads to the guest     | none |
 * | serial ports and consoles on files and sockets      | pseudo terminals: both would write to one file |
 * | channels on sockets, logs of ports                  | given by libvirt, none |
 * | ports of displays, sockets                          | given by libvirt |
 * | number of the VM on vsock                           | given by libvirt |
 * | writable floppies                                   | read-only |
 * | folder of the TPM                                   | under its UUID |
 *
 * @param secureXml a VM's or a snapshot's, read with its passwords
 * @throws XmlError when it is neither, or lacks one of the disks
 */
export function writeClone(secureXml: string, wish: ClonedVm): string {
  return writeXml(cloneElement({ ...originalIn(secureXml), name: 'domain' }, wish));
}

function originalIn(xml: string): XmlElement {
  const root = parseXml(xml);
  const kept = root.name === 'domain' ? root : (find(root, 'inactiveDomain') ?? find(root, 'domain'));
  if (kept === undefined || find(kept, 'devices') === undefined) {
    throw new XmlError('this is not the description of a VM');
  }
  return kept;
}

/** The MAC addresses of the network cards, in lower case, and by them those that a clone of this UUID has. */
export function cardsOfClone(xml: string, uuid: string): ReadonlyMap<string, string> {
  return new Map(
    findAll(find(originalIn(xml), 'devices'), 'interface').flatMap((nic) => {
      const mac = attribute(find(nic, 'mac'), 'address')?.toLowerCase();
      return mac === undefined ? [] : [[mac, newAddress(mac, uuid)] as const];
    }),
  );
}

/** In QEMU's own range. */
function newAddress(address: string, uuid: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(`${uuid} ${address.toLowerCase()}`).digest();
  return ['52', '54', '00', ...[a, b, c].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

function cloneElement(domain: XmlElement, wish: ClonedVm): XmlElement {
  return withCloneMark(withoutRuntime(cloneApart(domain, wish)), wish.mark);
}

/** With all that the table says, and nothing that tells what it was made of. */
export function cloneApart(domain: XmlElement, wish: Omit<ClonedVm, 'mark'>): XmlElement {
  const { clone, disks, nvram, seed } = wish;
  const named = withText(withText(withText(domain, 'name', clone.name), 'uuid', clone.uuid, 'name'), 'title', '');
  const own = changeChildren(named, 'genid', () => e('genid'));
  const smbios = changeChildren(own, 'sysinfo', (info) =>
    changeChildren(info, 'system', (part) => withUuid(part, clone.uuid)),
  );
  const booting = changeChildren(smbios, 'os', (os) => changeChildren(os, 'nvram', (one) => ownVariables(one, nvram)));
  const seeds = seed === undefined ? [] : [{ ...seed, format: 'raw' }];
  const onOwn = redirectDisks(booting, [...disks, ...seeds]);
  return changeChildren(onOwn, 'devices', (devices) => ({
    ...devices,
    children: devices.children.map((node) => (isElement(node) ? ownDevice(node, wish) : node)),
  }));
}

/** libvirt refuses a VM whose two UUIDs differ. */
function withUuid(system: XmlElement, uuid: string): XmlElement {
  return changeChildren(system, 'entry', (entry) =>
    attribute(entry, 'name') === 'uuid' ? e('entry', entry.attributes, [uuid]) : entry,
  );
}

/** Without a file of its own libvirt makes one from the template. */
function ownVariables(nvram: XmlElement, file: string | undefined): XmlElement {
  if (find(nvram, 'source') !== undefined && file !== undefined) {
    return { ...nvram, children: [e('source', { file })] };
  }
  const { type: _, ...attributes } = nvram.attributes;
  return e('nvram', attributes, file === undefined ? [] : [file]);
}

function ownDevice(device: XmlElement, wish: Pick<ClonedVm, 'clone' | 'network' | 'addresses'>): XmlElement {
  switch (device.name) {
    case 'interface':
      return ownInterface(device, wish);
    case 'serial':
    case 'console':
    case 'parallel':
      return ownPort(device);
    case 'channel':
      return attribute(device, 'type') === 'unix'
        ? { ...withoutChildren(device, 'log'), children: withoutChildren(device, 'source', 'log').children }
        : withoutChildren(device, 'log');
    case 'graphics':
      return ownDisplay(device);
    case 'vsock':
      return changeChildren(device, 'cid', () => e('cid', { auto: 'yes' }));
    case 'tpm':
      // The folder of the VM; without one it is under the clone's UUID.
      return changeChildren(device, 'backend', (backend) => withoutChildren(backend, 'source'));
    case 'disk':
      return attribute(device, 'device') === 'floppy' && find(device, 'readonly') === undefined
        ? { ...device, children: [...device.children, e('readonly')] }
        : device;
    default:
      return device;
  }
}

function ownInterface(
  nic: XmlElement,
  { clone, network, addresses }: Pick<ClonedVm, 'clone' | 'network' | 'addresses'>,
): XmlElement {
  const own = addresses === 'new' ? withOwnAddress(nic, clone.uuid) : nic;
  const bare = withoutChildren(own, 'target', 'portForward', ...(network === 'unplugged' ? ['link'] : []));
  const free = changeChildren(bare, 'source', (source) => {
    const { portid: _, ...attributes } = source.attributes;
    return { ...source, attributes };
  });
  return network === 'unplugged' ? unplugCable(free) : free;
}

function withOwnAddress(nic: XmlElement, uuid: string): XmlElement {
  return changeChildren(nic, 'mac', (mac) =>
    e('mac', { ...mac.attributes, address: newAddress(attribute(mac, 'address') ?? '', uuid) }),
  );
}

export function unplugCable(nic: XmlElement): XmlElement {
  return { ...nic, children: [...withoutChildren(nic, 'link').children, e('link', { state: 'down' })] };
}

/**
 * The network cards of a VM whose cables are in, each with its cable out.
 * @param xml as the VM runs
 */
export function writeUnplugged(xml: string): readonly string[] {
  return findAll(find(parseXml(xml), 'devices'), 'interface')
    .filter((nic) => attribute(find(nic, 'link'), 'state') !== 'down')
    .map((nic) => writeXml(unplugCable(nic)));
}

export function hasCards(xml: string): boolean {
  return findAll(find(parseXml(xml), 'devices'), 'interface').length > 0;
}

/** Who writes to a terminal or to nothing shares it with nobody. */
function ownPort(port: XmlElement): XmlElement {
  const type = attribute(port, 'type') ?? 'pty';
  const bare = withoutChildren(port, 'log', ...(sharedPorts.has(type) || type === 'pty' ? ['source', 'protocol'] : []));
  const { tty: _, ...attributes } = port.attributes;
  return { ...bare, attributes: { ...attributes, type: sharedPorts.has(type) ? 'pty' : type } };
}

const sharedPorts: ReadonlySet<string> = new Set(['file', 'unix', 'tcp', 'udp', 'pipe', 'dev', 'nmdm']);

function ownDisplay(graphics: XmlElement): XmlElement {
  const { port, tlsPort: _, websocket: __, socket: ___, autoport, ...attributes } = graphics.attributes;
  const listening = changeChildren(graphics, 'listen', (listen) => {
    const { socket: ____, ...own } = listen.attributes;
    return { ...listen, attributes: own };
  });
  const byPort = port !== undefined || autoport !== undefined;
  return { ...listening, attributes: { ...attributes, ...(byPort ? { port: '-1', autoport: 'yes' } : {}) } };
}

export function withoutChildren(parent: XmlElement, ...names: readonly string[]): XmlElement {
  return { ...parent, children: parent.children.filter((node) => !isElement(node) || !names.includes(node.name)) };
}

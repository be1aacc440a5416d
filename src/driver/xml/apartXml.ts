// A device as it is where no part of the host is allowed: what must be there of it, apart from the host. What else it
// names, `writeKnown` leaves out. Pure.
import { unplugCable, withoutChildren } from './cloneXml.js';
import { changeChildren } from './xmlChange.js';
import { attribute, element, find, findAll, textOf, type XmlElement } from './xmlTree.js';

export type Apart = (device: XmlElement, isolated: boolean) => XmlElement | undefined;

const asItIs: Apart = (of) => of;

export function apartOf(name: string): Apart {
  return aparts.get(name) ?? asItIs;
}

const aparts: ReadonlyMap<string, Apart> = new Map<string, Apart>([
  ['disk', (disk) => (isDrive(disk) ? emptyDrive(disk) : disk)],
  ['interface', apartCard],
  ['graphics', apartDisplay],
  [
    'audio',
    (audio) =>
      isType(audio, 'none', 'spice') ? audio : element('audio', { id: attribute(audio, 'id') ?? '1', type: 'none' }),
  ],
  ['rng', apartRandom],
  ['serial', apartPort],
  ['parallel', apartPort],
  ['console', apartPort],
  ['channel', apartChannel],
]);

function isType(of: XmlElement, ...types: readonly string[]): boolean {
  return types.includes(attribute(of, 'type') ?? '');
}

/** For media, which are no part of a backup. */
export function isDrive(disk: XmlElement): boolean {
  return ['cdrom', 'floppy'].includes(attribute(disk, 'device') ?? 'disk');
}

function emptyDrive(disk: XmlElement): XmlElement {
  return {
    ...withoutChildren(disk, 'source', 'backingStore', 'mirror'),
    attributes: { ...disk.attributes, type: 'file' },
  };
}

function apartCard(card: XmlElement, isolated: boolean): XmlElement | undefined {
  const takesOver = attribute(find(card, 'source'), 'mode') === 'passthrough';
  if (takesOver || !isType(card, 'network', 'user', 'bridge', 'direct')) {
    return undefined;
  }
  const own = isType(card, 'user') ? withoutChildren(card, 'source') : card;
  return isolated || !isType(card, 'network', 'user') ? unplugCable(own) : own;
}

export function isOut(card: XmlElement): boolean {
  return attribute(find(card, 'link'), 'state') === 'down';
}

/** The addresses of this computer alone. */
export const loopback: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/** Whether it names an address for others than this computer, or a socket. */
export function isOpen(display: XmlElement): boolean {
  const listens = findAll(display, 'listen');
  const addresses = [attribute(display, 'listen'), ...listens.map((one) => attribute(one, 'address'))];
  return (
    addresses.some((one) => one !== undefined && !loopback.includes(one)) ||
    listens.some((one) => !isType(one, 'address', 'none'))
  );
}

/** For this computer alone; where none was named, the host's settings say for whom. */
function apartDisplay(display: XmlElement, isolated: boolean): XmlElement | undefined {
  if (!isType(display, 'vnc', 'spice')) {
    return undefined;
  }
  const { listen: _, port, autoport, ...attributes } = display.attributes;
  if (!isolated && !isOpen(display)) {
    return {
      ...display,
      attributes: { ...attributes, ...(port !== undefined && { port }), ...(autoport !== undefined && { autoport }) },
    };
  }
  const isShown = !isType(find(display, 'listen') ?? display, 'none');
  const listen = isShown ? { type: 'address', address: '127.0.0.1' } : { type: 'none' };
  return {
    ...display,
    attributes: { ...attributes, ...(isShown && { port: '-1', autoport: 'yes' }) },
    children: [element('listen', listen), ...withoutChildren(display, 'listen').children],
  };
}

function apartRandom(rng: XmlElement): XmlElement {
  return changeChildren(rng, 'backend', (backend) =>
    attribute(backend, 'model') === 'builtin' || /^\/dev\/u?random$/u.test(textOf(backend)?.trim() ?? '')
      ? backend
      : element('backend', { model: 'random' }, ['/dev/urandom']),
  );
}

function apartPort(port: XmlElement): XmlElement {
  const { tty: _, type, ...attributes } = port.attributes;
  return { ...withoutChildren(port, 'source'), attributes: { ...attributes, type: type === 'null' ? 'null' : 'pty' } };
}

/** libvirt has a place of its own for sockets. */
function apartChannel(channel: XmlElement): XmlElement | undefined {
  if (isType(channel, 'qemu-vdagent')) {
    return channel;
  }
  const { type: _, ...attributes } = channel.attributes;
  const isKept = isType(channel, 'unix', 'pty', 'spicevmc');
  return isKept || isType(find(channel, 'target') ?? channel, 'virtio')
    ? {
        ...withoutChildren(channel, 'source'),
        attributes: { ...attributes, type: isKept ? (attribute(channel, 'type') ?? '') : 'unix' },
      }
    : undefined;
}

export function withoutFileEntries(sysinfo: XmlElement): XmlElement | undefined {
  const isFile = (node: XmlElement): boolean => node.name === 'entry' && attribute(node, 'file') !== undefined;
  const own = changeChildren(sysinfo, 'entry', (entry) => (isFile(entry) ? undefined : entry));
  return own.children.length === 0 && sysinfo.children.length > 0 ? undefined : own;
}

/** Those of a VM that ran are given anew. */
export function withoutLabels(label: XmlElement): XmlElement | undefined {
  return find(label, 'label') === undefined ? label : undefined;
}

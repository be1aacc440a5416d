// The configuration of a VM or a snapshot as hardware to compare: without what changes by itself. Knows no words for
// it.
import type { Hardware, HardwareFact, HardwareItem, HardwarePart } from '../../domain/hardware.js';
import { memoryOf } from './domainXml.js';
import { attribute, elementsOf, find, parseXml, textOf, writeXml, XmlError, type XmlElement } from './xmlTree.js';

/**
 * @param xml of a VM, or of a snapshot: of its `<inactiveDomain>`, which is what was configured, else of its `<domain>`
 * @throws XmlError when it is neither, or too large or deep to be read
 */
export function readHardware(xml: string): Hardware {
  const root = parseXml(xml);
  const domain = root.name === 'domain' ? root : (find(root, 'inactiveDomain') ?? find(root, 'domain'));
  if (domain === undefined) {
    throw new XmlError('this is not the description of a VM');
  }
  const plain = normalise({ ...domain, name: 'domain' });
  const [devices, settings] = [find(plain, 'devices'), elementsOf(plain).filter(({ name }) => name !== 'devices')];
  return {
    xml: `${writeXml(indent(plain, 0))}\n`,
    items: [...settings.map(setting), ...elementsOf(devices ?? { name: '', attributes: {}, children: [] }).map(device)],
  };
}

/** What libvirt fills in while a VM runs, and what is not hardware, wherever they stand. */
const volatileElements = new Set(['metadata', 'seclabel', 'backingStore', 'mirror', 'actual']);

/**
 * | left out                                     | because                                           |
 * |----------------------------------------------|---------------------------------------------------|
 * | the elements above                           | made by libvirt for a VM that runs, or no hardware |
 * | `<alias>` but for names of the user (`ua-…`) | numbered anew at each start                       |
 * | id of the VM, index of a disk's source       | the same                                          |
 * | names `vnet…` of network cards, ptys         | the same                                          |
 * | ports of graphics that take a free one       | the same                                          |
 * | comments, and white space between elements   | nothing to the VM                                 |
 */
function normalise(element: XmlElement): XmlElement {
  const inside = elementsOf(element).filter((child) => !isVolatile(element, child));
  const text = inside.length === 0 ? (textOf(element)?.trim() ?? '') : '';
  return {
    name: element.name,
    attributes: Object.fromEntries(
      Object.entries(element.attributes)
        .filter(([name]) => !isVolatileAttribute(element, name))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    children: text === '' ? inside.map(normalise) : [text],
  };
}

function isVolatile(parent: XmlElement, child: XmlElement): boolean {
  return (
    volatileElements.has(child.name) ||
    (child.name === 'alias' && attribute(child, 'name')?.startsWith('ua-') !== true) ||
    (parent.name === 'interface' && child.name === 'target' && attribute(child, 'dev')?.startsWith('vnet') === true)
  );
}

function isVolatileAttribute(element: XmlElement, name: string): boolean {
  switch (element.name) {
    case 'domain':
      return name === 'id';
    case 'source':
      return name === 'index' || (name === 'path' && attribute(element, 'path')?.startsWith('/dev/pts/') === true);
    case 'console':
      return name === 'tty';
    case 'graphics':
      return attribute(element, 'autoport') === 'yes' && ['port', 'tlsPort', 'websocket'].includes(name);
    default:
      return false;
  }
}

/** Deeper ones stand as far in: the white space of a hostile document must not grow with its depth. */
const deepestIndent = 20;

/** The same with white space between the elements. */
function indent(element: XmlElement, depth: number): XmlElement {
  const inside = elementsOf(element);
  if (inside.length === 0) {
    return element;
  }
  const line = `\n${'  '.repeat(Math.min(depth, deepestIndent))}`;
  return { ...element, children: [...inside.flatMap((child) => [`${line}  `, indent(child, depth + 1)]), line] };
}

type Facts = Readonly<Partial<Record<HardwareFact, string | undefined>>>;

function item(part: HardwarePart, id: string, of: XmlElement, facts: Facts = {}): HardwareItem {
  const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  return { part, id, facts: known, whole: writeXml(of) };
}

function setting(element: XmlElement): HardwareItem {
  switch (element.name) {
    case 'vcpu':
      return item('cpu', 'vcpu', element, { count: attribute(element, 'current') ?? textOf(element) });
    case 'cpu':
      return item('cpu', 'cpu', element, {
        model: textOf(find(element, 'model')) ?? attribute(element, 'mode'),
        count: topology(find(element, 'topology')),
      });
    case 'vcpus':
    case 'cputune':
    case 'iothreads':
      return item('cpu', element.name, element);
    case 'memory':
    case 'currentMemory':
    case 'maxMemory':
      return item('memory', element.name, element, { bytes: String(memoryOf(element)) });
    case 'memoryBacking':
    case 'memtune':
    case 'numatune':
      return item('memory', element.name, element);
    case 'os':
      return item('firmware', 'os', element, {
        kind: attribute(element, 'firmware') ?? attribute(find(element, 'loader'), 'type'),
        model: attribute(find(element, 'type'), 'machine'),
        file: textOf(find(element, 'loader')) ?? textOf(find(element, 'kernel')),
      });
    default:
      return item('other', element.name, element);
  }
}

/** An overlay is a qcow2 file, whatever it is made on. */
function bareDisk(disk: XmlElement): XmlElement {
  const { type: _, ...attributes } = disk.attributes;
  const inside = elementsOf(disk).filter(({ name }) => name !== 'source');
  return {
    ...disk,
    attributes,
    children: inside.map((child) => {
      const { type: __, ...rest } = child.attributes;
      return child.name === 'driver' ? { ...child, attributes: rest } : child;
    }),
  };
}

/** `2 × 4 × 1`: sockets, cores, threads. */
function topology(element: XmlElement | undefined): string | undefined {
  return element && ['sockets', 'cores', 'threads'].map((name) => attribute(element, name) ?? '1').join(' × ');
}

function device(element: XmlElement): HardwareItem {
  const [source, target] = [find(element, 'source'), find(element, 'target')];
  switch (element.name) {
    case 'disk':
      return {
        ...item('disk', attribute(target, 'dev') ?? '', element, {
          kind: attribute(element, 'device'),
          file: attribute(source, 'file') ?? attribute(source, 'dev') ?? attribute(source, 'name'),
          format: attribute(find(element, 'driver'), 'type'),
          bus: attribute(target, 'bus'),
        }),
        bare: writeXml(bareDisk(element)),
      };
    case 'interface':
      return item('network', attribute(find(element, 'mac'), 'address') ?? '', element, {
        kind: attribute(element, 'type'),
        source: attribute(source, 'network') ?? attribute(source, 'bridge') ?? attribute(source, 'dev'),
        model: attribute(find(element, 'model'), 'type'),
      });
    default: {
      const which =
        attribute(target, 'name') ??
        attribute(target, 'port') ??
        attribute(element, 'index') ??
        attribute(element, 'bus');
      const words = [element.name, attribute(element, 'type') ?? attribute(element, 'model'), which];
      return item('other', words.filter((word) => word !== undefined).join(' '), element);
    }
  }
}

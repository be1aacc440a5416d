// What the definition of a VM asks of its host, compared with what another host says of itself and with the XML that
// is known. Pure.
import type { HostRule, Lacking } from '../../domain/copiedVm.js';
import { bootFiles, isQuiet, ownEmulator, writeDomainAnew } from './anewXml.js';
import { isOpen } from './apartXml.js';
import { withoutChildren } from './cloneXml.js';
import { domainsIn } from './namedFiles.js';
import { changeChildren, changeDomains, isElement } from './xmlChange.js';
import {
  attribute,
  element,
  elementsOf,
  find,
  findAll,
  parseXml,
  textOf,
  writeXml,
  type XmlElement,
} from './xmlTree.js';

/** @param capabilities the document of `virConnectGetCapabilities` */
export function lackingIn(definition: string, capabilities: string): Lacking | undefined {
  const domain = parseXml(definition);
  const type = attribute(domain, 'type') ?? '';
  const os = find(domain, 'os', 'type');
  const [arch, machine] = [attribute(os, 'arch') ?? '', attribute(os, 'machine')];
  const arches = findAll(parseXml(capabilities), 'guest')
    .filter((guest) => textOf(find(guest, 'os_type')) === textOf(os))
    .flatMap((guest) => findAll(guest, 'arch'))
    .filter((one) => attribute(one, 'name') === arch);
  const of = arches.flatMap((one) => findAll(one, 'domain').filter((each) => attribute(each, 'type') === type));
  if (of.length === 0) {
    return { what: 'guests', name: `${type} ${arch}` };
  }
  const known = [...arches, ...of].flatMap((one) => findAll(one, 'machine')).map((one) => textOf(one));
  return machine === undefined || known.includes(machine) ? undefined : { what: 'machine', name: machine };
}

/** @param targets as the guest names them */
export function withoutDisks(definition: string, targets: readonly string[]): string {
  if (targets.length === 0) {
    return definition;
  }
  const isOther = (target: string | undefined): boolean => target === undefined || !targets.includes(target);
  return writeXml(
    changeChildren(parseXml(definition), 'devices', (devices) =>
      changeChildren(devices, 'disk', (disk) => (isOther(attribute(find(disk, 'target'), 'dev')) ? disk : undefined)),
    ),
  );
}

/** What a VM that moves brings with it, for a person, by libvirt's names. */
export interface BroughtParts {
  /** In no list: nobody here can tell what libvirt does with it. */
  readonly unknown: readonly string[];
  readonly ofHost: readonly string[];
  /** Programs that run it here, where it names others. */
  readonly emulators: readonly string[];
}

/** Disks are judged by their files, and what other programs note in metadata is nothing to libvirt. */
export function broughtParts(xml: string, emulators: HostRule['emulators']): BroughtParts {
  const [unknown, ofHost, others] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const domain of domainsIn(parseXml(xml))) {
    const own = ownEmulator(domain, emulators);
    if (own !== undefined && findAll(find(domain, 'devices'), 'emulator').some((one) => textOf(one)?.trim() !== own)) {
      others.add(own);
    }
    const judged = withoutGiven(onOwnEmulator(withoutChildren(domain, 'metadata'), emulators));
    const boots = new Map(bootFiles(judged).map((path) => [path, path]));
    const rule = { isolated: false, keepsHostParts: true, bootFiles: boots, emulators };
    const written = writeDomainAnew(judged, rule);
    written.leftOut.forEach((one) => unknown.add(one));
    written.ofHost.forEach((one) => ofHost.add(one));
  }
  return { unknown: [...unknown], ofHost: [...ofHost], emulators: [...others] };
}

/** Without disks, and without what libvirt has given it, or gives it, by itself: for this computer alone. */
function withoutGiven(domain: XmlElement): XmlElement {
  const withoutQuiet = (of: XmlElement, path: string): XmlElement => ({
    ...of,
    children: of.children.filter((node) => !isElement(node) || !isQuiet(`${path}${node.name}`, node)),
  });
  return changeChildren(withoutQuiet(domain, ''), 'devices', (devices) => {
    const parts = elementsOf(withoutChildren(devices, 'disk'));
    const judged = parts.map((part) => (part.name === 'graphics' && !isOpen(part) ? withoutListen(part) : part));
    return element(
      'devices',
      devices.attributes,
      judged.map((part) => withoutQuiet(part, `${part.name}/`)),
    );
  });
}

function withoutListen(display: XmlElement): XmlElement {
  const { listen: _, ...attributes } = display.attributes;
  return { ...withoutChildren(display, 'listen'), attributes };
}

/** A VM or a snapshot, otherwise as it is: libvirt runs whatever program a VM names. */
export function withOwnEmulators(xml: string, emulators: HostRule['emulators']): string {
  return writeXml(changeDomains(parseXml(xml), (domain) => onOwnEmulator(domain, emulators)));
}

function onOwnEmulator(domain: XmlElement, emulators: HostRule['emulators']): XmlElement {
  const own = ownEmulator(domain, emulators);
  return changeChildren(domain, 'devices', (devices) =>
    changeChildren(devices, 'emulator', () => (own === undefined ? undefined : element('emulator', {}, [own]))),
  );
}

// The XML of a VM that came from a stranger, written anew: the virtual hardware that is known, on this host's own
// QEMU. All that is left out has a name, so that a person hears of it before anything is defined. Pure.
import type { HostRule } from '../../domain/copiedVm.js';
import { isOfSystem } from '../../domain/devicePath.js';
import { type Apart, apartOf, isOut, loopback, withoutFileEntries, withoutLabels } from './apartXml.js';
import { withoutChildren } from './cloneXml.js';
import { attributesOf, isOfLibvirt, knownChildren, knownRoot, writeKnown } from './writeKnown.js';
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

export interface WrittenAnew {
  readonly xml: XmlElement;
  /** Elements of libvirt's, with what tells of them. */
  readonly leftOut: readonly string[];
  /** Parts of the host that are kept. */
  readonly ofHost: readonly string[];
  /** Whether the guest sees that something is missing: QEMU loads RAM into the same hardware alone. */
  readonly otherHardware: boolean;
}

class Writing {
  readonly leftOut = new Set<string>();
  readonly ofHost = new Set<string>();
  otherHardware = false;

  constructor(readonly rule: HostRule) {}

  /** @param apart absent: as it is */
  write(of: XmlElement, parent: string, apart?: Apart): readonly XmlElement[] {
    const path = parent === '' ? of.name : `${parent}/${of.name}`;
    const known = parent === 'devices' ? devices : domain;
    const lines = knownChildren(known(), of.name);
    const { isolated, keepsHostParts = false, knownParts } = this.rule;
    const allowsHost = !isolated && (keepsHostParts || knownParts?.has(writeXml(partOf(of))) === true);
    const own = apart === undefined ? of : isOfLibvirt(of) ? apart(of, isolated) : undefined;
    const without = own === undefined ? undefined : writeKnown(own, lines, false);
    const written = allowsHost ? writeKnown(of, lines, true) : without;
    const name = parent === 'devices' ? of.name : path;
    if (written === undefined) {
      this.tell(name, of, true);
      return [];
    }
    if (allowsHost && (without === undefined || writeXml(without) !== writeXml(written))) {
      this.ofHost.add(nameOf(name, written));
    } else if (!allowsHost && !isolated && of.name === 'interface' && isOut(written) && !isOut(of)) {
      this.tell(name, of, false);
    }
    lossesOf(of, written, name).forEach((one) => this.leftOut.add(one));
    return [written];
  }

  tell(name: string, of: XmlElement, isGone: boolean): void {
    if (!isQuiet(name, of)) {
      this.leftOut.add(nameOf(name, of));
      this.otherHardware ||= isGone && !soft.has(of.name);
    }
  }
}

/** Which the guest does not see. */
const soft: ReadonlySet<string> = new Set([
  'emulator',
  'seclabel',
  'resource',
  'lease',
  'audio',
  'graphics',
  'on_crash',
]);

let knownDomainLine: ReturnType<typeof knownRoot> | undefined;
const domain = (): ReturnType<typeof knownRoot> => (knownDomainLine ??= knownRoot('domain'));
const devices = (): ReturnType<typeof knownRoot> => knownChildren(domain(), 'devices')[0] ?? domain();

/** @param of a `<domain>` or `<inactiveDomain>`, on its own files by now */
export function writeDomainAnew(of: XmlElement, rule: HostRule): WrittenAnew {
  const writing = new Writing(rule);
  const type = attribute(of, 'type') ?? '';
  const children = elementsOf(of).flatMap((part) => {
    if (!isOfLibvirt(part)) {
      writing.tell(part.name, part, true);
      return [];
    }
    switch (part.name) {
      case 'devices':
        return [
          element('devices', {}, [
            ...emulatorOf(of, writing),
            ...elementsOf(part).flatMap((one) => device(one, writing)),
          ]),
        ];
      case 'metadata':
        return writeMetadata(of, part, writing);
      case 'os':
        return writing.write(writeBoot(part, writing), '');
      case 'sysinfo':
        return writing.write(part, '', withoutFileEntries);
      case 'seclabel':
        return writing.write(part, '', withoutLabels);
      default:
        return writing.write(part, '');
    }
  });
  return {
    xml: element(of.name, ['kvm', 'qemu', 'hvf'].includes(type) ? { type } : {}, children),
    leftOut: [...writing.leftOut],
    ofHost: [...writing.ofHost],
    otherHardware: writing.otherHardware,
  };
}

function device(of: XmlElement, writing: Writing): readonly XmlElement[] {
  return of.name === 'emulator' && isOfLibvirt(of) ? [] : writing.write(of, 'devices', apartOf(of.name));
}

/** That of the host: libvirt runs it, as soon as a VM names it. */
function emulatorOf(of: XmlElement, writing: Writing): readonly XmlElement[] {
  const own = ownEmulator(of, writing.rule.emulators);
  for (const emulator of findAll(find(of, 'devices'), 'emulator')) {
    if (textOf(emulator)?.trim() !== own) {
      writing.tell('emulator', emulator, false);
    }
  }
  return own === undefined ? [] : [element('emulator', {}, [own])];
}

/** The program that the host has for such a VM. */
export function ownEmulator(of: XmlElement, emulators: HostRule['emulators']): string | undefined {
  return emulators.get(`${attribute(find(of, 'os', 'type'), 'arch') ?? ''} ${attribute(of, 'type') ?? ''}`);
}

/** By architecture and type of VM. */
export function parseEmulators(capabilitiesXml: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const guest of findAll(parseXml(capabilitiesXml), 'guest')) {
    const arch = find(guest, 'arch');
    const usual = textOf(find(arch, 'emulator'));
    for (const one of textOf(find(guest, 'os_type')) === 'hvm' ? findAll(arch, 'domain') : []) {
      const emulator = textOf(find(one, 'emulator')) ?? usual;
      if (emulator !== undefined) {
        found.set(`${attribute(arch, 'name') ?? ''} ${attribute(one, 'type') ?? ''}`, emulator);
      }
    }
  }
  return found;
}

const libosinfo = 'http://libosinfo.org/xmlns/libvirt/domain/1.0';

/** Which system is in the VM. What other programs note there, ours too, tells them what they may do to the VM. */
function writeMetadata(of: XmlElement, metadata: XmlElement, writing: Writing): readonly XmlElement[] {
  const written = elementsOf(metadata).flatMap((one) => {
    const [prefix = '', name] = one.name.includes(':') ? one.name.split(':') : ['', one.name];
    const declared = `xmlns${prefix === '' ? '' : ':'}${prefix}`;
    const namespace = attribute(one, declared) ?? attribute(metadata, declared) ?? attribute(of, declared);
    const system = elementsOf(one).find((child) => /(?:^|:)os$/u.test(child.name));
    const id = attribute(system, 'id');
    if (namespace !== libosinfo || name !== 'libosinfo' || id === undefined) {
      writing.leftOut.add(`metadata/${one.name}`);
      return [];
    }
    return [element('libosinfo:libosinfo', { 'xmlns:libosinfo': libosinfo }, [element('libosinfo:os', { id })])];
  });
  return written.length === 0 ? [] : [element('metadata', {}, written)];
}

const bootReads: ReadonlySet<string> = new Set(['loader', 'kernel', 'initrd', 'dtb']);

/** Files of the host that a VM starts with. */
export function bootFiles(of: XmlElement): readonly string[] {
  const os = find(of, 'os');
  const named = [...bootReads].flatMap((name) => findAll(os, name).map(textOf));
  const templates = findAll(os, 'nvram').map((nvram) => attribute(nvram, 'template'));
  return [...named, ...templates].flatMap((path) => path?.trim() ?? []).filter((path) => path !== '');
}

/** With the files that were judged, by their resolved paths. Without its own firmware, the host's is chosen. */
function writeBoot(os: XmlElement, { rule, leftOut, ofHost }: Writing): XmlElement {
  const resolvePath = (part: string, path: string): string | undefined => {
    const found = rule.bootFiles.get(path.trim());
    if (found === undefined || !isOfSystem(found)) {
      (found === undefined ? leftOut : ofHost).add(`os/${part} ${path.trim()}`);
    }
    return found;
  };
  const isLacking = (part: XmlElement): boolean => {
    const path = textOf(part)?.trim() ?? '';
    return part.name === 'loader' && path !== '' && !rule.bootFiles.has(path) && attribute(part, 'type') === 'pflash';
  };
  const takesFirmware = elementsOf(os).some(isLacking);
  const boots = elementsOf(os).flatMap((part) => {
    const path = textOf(part)?.trim() ?? '';
    if (!bootReads.has(part.name) || path === '' || !isOfLibvirt(part)) {
      return part;
    }
    const file = resolvePath(part.name, path);
    const readonly = part.name === 'loader' && attribute(part, 'readonly') === 'no' ? { readonly: 'yes' } : {};
    return file === undefined ? [] : element(part.name, { ...attributesOf(part), ...readonly }, [file]);
  });
  const hasKernel = boots.some(({ name }) => name === 'kernel');
  const children = boots.flatMap((part) => {
    if (!hasKernel && ['initrd', 'cmdline', 'dtb'].includes(part.name)) {
      leftOut.add(nameOf(`os/${part.name}`, part));
      return [];
    }
    const { template, ...attributes } = part.attributes;
    const file = part.name === 'nvram' && template !== undefined ? resolvePath('nvram', template) : undefined;
    const own = { ...attributes, ...(file !== undefined && !takesFirmware && { template: file }) };
    return { ...part, attributes: own };
  });
  const firmware = takesFirmware ? { firmware: 'efi' } : {};
  return { ...os, attributes: { ...firmware, ...os.attributes }, children };
}

/** Parts that may name the host, each as `HostRule` knows it. */
export function partsOf(of: XmlElement): readonly string[] {
  return [...elementsOf(of), ...elementsOf(find(of, 'devices') ?? element('devices'))]
    .filter(({ name }) => !['devices', 'disk', 'name', 'uuid', 'metadata'].includes(name))
    .map((part) => writeXml(partOf(part)));
}

/** Without white space, and what a VM is given by libvirt or by a restore. */
function partOf(of: XmlElement): XmlElement {
  const given = ['alias', 'address', ...(of.name === 'interface' ? ['mac', 'target', 'link'] : [])];
  return withoutSpaces(withoutChildren(of, ...given));
}

function withoutSpaces(of: XmlElement): XmlElement {
  const attributes = Object.entries(of.attributes).sort(([one], [other]) => (one < other ? -1 : 1));
  const text = textOf(of)?.trim() ?? '';
  return element(of.name, Object.fromEntries(attributes), [
    ...(text === '' ? [] : [text]),
    ...elementsOf(of).map(withoutSpaces),
  ]);
}

/** What stands in the first and not in what was written of it. */
function lossesOf(of: XmlElement, written: XmlElement, path: string): readonly string[] {
  const losses: string[] = [];
  for (const [name, value] of Object.entries(of.attributes)) {
    if (attribute(written, name) !== value && !isQuietAttribute(path, name)) {
      losses.push(`${path} ${name}=${short(value)}`);
    }
  }
  const text = textOf(of)?.trim() ?? '';
  if (text !== '' && text !== textOf(written)?.trim()) {
    losses.push(`${path} ${short(text)}`);
  }
  const left = [...elementsOf(written)];
  for (const child of elementsOf(of)) {
    const at = bestOf(child, left);
    const [found] = at < 0 ? [] : left.splice(at, 1);
    const name = `${path}/${child.name}`;
    if (found !== undefined) {
      losses.push(...lossesOf(child, found, name));
    } else if (!isQuiet(name, child)) {
      losses.push(nameOf(name, child));
    }
  }
  return losses;
}

function bestOf({ name, attributes }: XmlElement, left: readonly XmlElement[]): number {
  const isSame = (one: XmlElement): boolean =>
    one.name === name && Object.entries(one.attributes).every(([key, value]) => attributes[key] === value);
  const at = left.findIndex(isSame);
  return at >= 0 ? at : left.findIndex((one) => one.name === name);
}

/** With the first of its values that is a path, or what else tells of it. */
function nameOf(path: string, of: XmlElement): string {
  const values = valuesIn(of);
  const told =
    values.find((value) => value.includes('/')) ??
    ['bridge', 'dev', 'network', 'pool', 'file', 'path', 'host', 'type', 'model', 'name']
      .map((name) => attribute(find(of, 'source'), name) ?? attribute(of, name))
      .find((value) => value !== undefined) ??
    textOf(of)?.trim();
  return told === undefined || told === '' ? path : `${path} ${short(told)}`;
}

function valuesIn(of: XmlElement): readonly string[] {
  return [...Object.values(of.attributes), textOf(of)?.trim() ?? '', ...elementsOf(of).flatMap(valuesIn)];
}

function short(value: string): string {
  return value.length > 200 ? `${value.slice(0, 199)}…` : value;
}

/** What libvirt gives a VM that runs, and gives it anew. @param path below the domain, without `devices` */
export function isQuiet(path: string, of: XmlElement): boolean {
  switch (of.name) {
    case 'alias':
      return true;
    case 'seclabel':
      return attribute(of, 'type') === 'dynamic' && find(of, 'label') !== undefined;
    case 'source': {
      const own = attribute(of, 'path') ?? '';
      return (
        /^(?:serial|parallel|console|channel)\//u.test(path) &&
        ((own === '' && attribute(of, 'host') === undefined) ||
          /^\/dev\/pts\/\d+$|^\/(?:var\/lib|run)\/libvirt\/qemu\/channel\/|\/libvirt\/qemu\/(?:lib\/|run\/)?channel\//u.test(
            own,
          ))
      );
    }
    case 'listen':
      return loopback.includes(attribute(of, 'address') ?? '');
    default:
      return /^interface\/target$/u.test(path) && /^(?:vnet|macvtap|tap)\d+$/u.test(attribute(of, 'dev') ?? '');
  }
}

function isQuietAttribute(path: string, name: string): boolean {
  return (
    name.startsWith('xmlns') ||
    (name === 'tty' && /^(?:console|serial)$/u.test(path)) ||
    (/^interface\/source$/u.test(path) && ['portid', 'bridge'].includes(name)) ||
    (path === 'graphics' && ['port', 'autoport'].includes(name)) ||
    (path === 'disk' && name === 'type')
  );
}

// The documents of a VM that is restored from a backup: with its files in another place, and its own name and addresses
// where it stands beside the original. They must have been read with what libvirt keeps secret. Pure.
import { createHash } from 'node:crypto';
import type { NamedFiles, RestoredVm } from '../../domain/copiedVm.js';
import { cloneApart, unplugCable } from './cloneXml.js';
import { withoutCloneMark } from './cloneMark.js';
import { renameFileNames } from './retarget.js';
import { withoutRam } from './snapshotChange.js';
import { changeChildren, isElement } from './xmlChange.js';
import { attribute, element, find, findAll, parseXml, textOf, writeXml, XmlError, type XmlElement } from './xmlTree.js';

/** @param xml a VM's or a snapshot's */
export function namedFiles(xml: string): NamedFiles {
  const root = parseXml(xml);
  const [files, odd] = [new Set<string>(), new Set<string>()];
  const addDisk = (disk: XmlElement, target: string): void => {
    if (['mirror', 'encryption', 'transient'].some((name) => find(disk, name) !== undefined)) {
      odd.add(target);
    }
    for (let at: XmlElement | undefined = disk; at !== undefined; at = find(at, 'backingStore')) {
      const source = find(at, 'source');
      const file = attribute(source, 'file');
      if (file?.startsWith('/') === true) {
        files.add(file);
      }
      const isPlain = ['slices', 'dataStore', 'encryption'].every((name) => find(source, name) === undefined);
      if (source !== undefined && (file?.startsWith('/') !== true || !isPlain)) {
        odd.add(target);
      }
    }
  };
  for (const domain of domainsIn(root)) {
    for (const disk of findAll(find(domain, 'devices'), 'disk')) {
      if (!['cdrom', 'floppy'].includes(attribute(disk, 'device') ?? 'disk')) {
        addDisk(disk, attribute(find(disk, 'target'), 'dev') ?? '');
      }
    }
    const variables = variablesOf(find(domain, 'os', 'nvram'));
    if (variables !== undefined) {
      files.add(variables);
    }
  }
  if (root.name === 'domainsnapshot') {
    const ram = attribute(find(root, 'memory'), 'file');
    if (ram !== undefined) {
      files.add(ram);
    }
    for (const disk of ['disks', 'revertDisks'].flatMap((name) => findAll(find(root, name), 'disk'))) {
      addDisk(disk, attribute(disk, 'name') ?? '');
    }
  }
  return { files: [...files], odd: [...odd] };
}

/** Whether they are kept for later reverts, which newer libvirt does for the current snapshot alone. */
export function hasRevertDisks(snapshotXml: string): boolean {
  return find(parseXml(snapshotXml), 'revertDisks') !== undefined;
}

/** @throws XmlError when it names a file that the backup does not know: it could be anybody's */
export function writeRestored(xml: string, vm: RestoredVm): string {
  const names = new Map(vm.files.map(({ from, to }) => [from, to]));
  const stranger = namedFiles(xml).files.find((file) => !names.has(file));
  const root = parseXml(xml);
  if (stranger !== undefined || domainsIn(root).length === 0) {
    throw new XmlError(stranger === undefined ? 'this describes no VM' : `${stranger} is no file of the backup`);
  }
  const restoreDomain = (domain: XmlElement): XmlElement => restoredDomain(domain, vm, names);
  const renamed = renameFileNames(root, vm.files);
  if (renamed.name === 'domain') {
    // Its guest goes on from an earlier moment, and may draw the same random numbers again.
    const later = changeChildren(restoreDomain(renamed), 'genid', () => element('genid'));
    return writeXml(vm.isolated === true ? isolateDomain(later) : later);
  }
  const written = writeXml(
    changeChildren(changeChildren(renamed, 'domain', restoreDomain), 'inactiveDomain', restoreDomain),
  );
  return vm.identity === 'new' && attribute(find(root, 'memory'), 'snapshot') === 'external'
    ? withoutRam(written)
    : written;
}

/** libvirt loads RAM into no VM of another name or UUID. The addresses are the same ones in all documents. */
function restoredDomain(domain: XmlElement, vm: RestoredVm, names: ReadonlyMap<string, string>): XmlElement {
  const own = withoutCloneMark(domain);
  const variables = variablesOf(find(own, 'os', 'nvram'));
  const nvram = variables === undefined ? undefined : names.get(variables);
  if (vm.identity === 'same') {
    return changeChildren(own, 'os', (os) => changeChildren(os, 'nvram', (one) => onVariables(one, nvram)));
  }
  const clone = { name: vm.name, uuid: vm.uuid };
  const apart = cloneApart(own, {
    clone,
    disks: [],
    ...(nvram !== undefined && { nvram }),
    network: 'same',
    addresses: 'kept',
  });
  return changeChildren(apart, 'devices', (devices) =>
    changeChildren(devices, 'interface', (nic) =>
      changeChildren(nic, 'mac', (mac) =>
        element('mac', { ...mac.attributes, address: newAddress(attribute(mac, 'address') ?? '', vm.uuid) }),
      ),
    ),
  );
}

/** Its cables are out, and nothing of the host is in it. */
function isolateDomain(domain: XmlElement): XmlElement {
  const isOfHost = ({ name, attributes }: XmlElement): boolean =>
    ofHost.has(name) || (name === 'interface' && ofHost.has(attributes['type'] ?? ''));
  return changeChildren(domain, 'devices', (devices) => {
    const kept = devices.children.filter((node) => !isElement(node) || !isOfHost(node));
    return changeChildren({ ...devices, children: kept }, 'interface', unplugCable);
  });
}

const ofHost: ReadonlySet<string> = new Set(['hostdev', 'filesystem', 'shmem', 'vdpa', 'vhostuser']);

/** In QEMU's own range. */
function newAddress(address: string, uuid: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(`${uuid} ${address.toLowerCase()}`).digest();
  return ['52', '54', '00', ...[a, b, c].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

function variablesOf(nvram: XmlElement | undefined): string | undefined {
  const path = attribute(find(nvram, 'source'), 'file') ?? textOf(nvram)?.trim();
  return path?.startsWith('/') === true ? path : undefined;
}

function onVariables(nvram: XmlElement, file: string | undefined): XmlElement {
  return file === undefined
    ? nvram
    : { ...nvram, children: find(nvram, 'source') === undefined ? [file] : [element('source', { file })] };
}

function domainsIn(root: XmlElement): readonly XmlElement[] {
  return root.name === 'domain' ? [root] : [...findAll(root, 'domain'), ...findAll(root, 'inactiveDomain')];
}

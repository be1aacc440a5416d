// The documents of a VM that is restored from a backup: with its files in another place, and its own name and addresses
// where it stands beside the original. They must have been read with what libvirt keeps secret. Pure.
import type { HostRule, RestoredVm } from '../../domain/copiedVm.js';
import { cloneApart } from './cloneXml.js';
import { withoutCloneMark } from './cloneMark.js';
import { bootFiles, partsOf, type WrittenAnew, writeDomainAnew } from './anewXml.js';
import {
  asPathsSay,
  diskLists,
  disksIn,
  domainsIn,
  layersOf,
  namedFiles,
  sourcePath,
  variablesOf,
} from './namedFiles.js';
import { renameFileNames } from './retarget.js';
import { withoutRam } from './snapshotChange.js';
import { knownRoot, writeKnown } from './writeKnown.js';
import { changeChildren, changeDomains, withText } from './xmlChange.js';
import {
  attribute,
  element,
  elementsOf,
  find,
  findAll,
  parseXml,
  textOf,
  writeXml,
  XmlError,
  type XmlElement,
} from './xmlTree.js';

/** Whether they are kept for later reverts, which newer libvirt does for the current snapshot alone. */
export function hasRevertDisks(snapshotXml: string): boolean {
  return find(parseXml(snapshotXml), 'revertDisks') !== undefined;
}

/**
 * Writes the XML of our own VM: on other files, otherwise unchanged.
 * @throws XmlError when it names a disk or file that is not of the backup: it could be anybody's
 */
export function writeMoved(xml: string, vm: RestoredVm): string {
  return writeXml(restoredRoot(xml, vm, (domain) => domain));
}

type RestoredXml = Omit<WrittenAnew, 'xml'> & { readonly xml: string };

/**
 * Writes the XML of anybody's VM anew.
 * @param isOfRam what stands before RAM, which goes on from its own moment
 * @throws XmlError as `writeMoved`
 */
export function writeRestored(xml: string, vm: RestoredVm, rule: HostRule, isOfRam = false): RestoredXml {
  const [leftOut, ofHost] = [new Set<string>(), new Set<string>()];
  let otherHardware = false;
  const root = restoredRoot(
    xml,
    vm,
    (domain) => {
      const written = writeDomainAnew(domain, rule);
      written.leftOut.forEach((one) => leftOut.add(one));
      written.ofHost.forEach((one) => ofHost.add(one));
      otherHardware ||= written.otherHardware;
      return written.xml;
    },
    isOfRam,
  );
  const own = root.name === 'domain' ? root : writeSnapshotAnew(root);
  return { xml: writeXml(own), leftOut: [...leftOut], ofHost: [...ofHost], otherHardware };
}

/** Its VM is written by then. */
function writeSnapshotAnew(root: XmlElement): XmlElement {
  const own = writeKnown(root, [knownRoot('domainsnapshot')], false) ?? element(root.name);
  const cookie = find(root, 'cookie');
  const kept = cookie === undefined ? undefined : writeKnown(cookie, [knownRoot('cookie')], false);
  return element(own.name, own.attributes, [...own.children, ...domainsIn(root), kept]);
}

/** What libvirt notes beside RAM. */
export function writeCookie(xml: string): string | undefined {
  const root = parseXml(xml);
  const cookie = root.name === 'cookie' ? writeKnown(root, [knownRoot('cookie')], false) : undefined;
  return cookie === undefined ? undefined : writeXml(cookie);
}

/** The parts that may name the host, of a VM that libvirt has already: unless both differ in more than their disks. */
export function partsOfSame(xml: string, other: string): ReadonlySet<string> | undefined {
  const [parts, others] = [xml, other].map((one) => partsOf(parseXml(one)));
  return JSON.stringify(parts) === JSON.stringify(others) ? new Set(parts) : undefined;
}

export function bootFilesIn(xml: string): readonly string[] {
  return domainsIn(parseXml(xml)).flatMap(bootFiles);
}

function restoredRoot(
  xml: string,
  vm: RestoredVm,
  write: (domain: XmlElement) => XmlElement,
  isOfRam = false,
): XmlElement {
  const names = new Map(vm.files.map(({ from, to }) => [from, to]));
  const root = parseXml(xml);
  if (domainsIn(root).length === 0) {
    throw new XmlError('this describes no VM');
  }
  requireClear(root);
  const { files, odd } = namedFiles(xml);
  const stranger = files.find((file) => !names.has(file)) ?? odd[0];
  if (stranger !== undefined) {
    throw new XmlError(`${stranger} is no file of the backup`);
  }
  requireFormats(root, vm.files);
  const renamed = asPathsSay(renameFileNames(root, vm.files), new Set(names.values()));
  const restored = changeDomains(renamed, (domain) => write(restoredDomain(domain, vm, names)));
  if (renamed.name === 'domain') {
    // Its guest goes on from an earlier moment, and may draw the same random numbers again.
    return isOfRam ? restored : changeChildren(restored, 'genid', () => element('genid'));
  }
  return vm.identity === 'new' && attribute(find(root, 'memory'), 'snapshot') === 'external'
    ? parseXml(withoutRam(writeXml(restored)))
    : restored;
}

/**
 * libvirt reads each `<devices>`, and names in any namespace; what is read here must be all that it reads. It never
 * writes such a document itself.
 */
function requireClear(root: XmlElement): void {
  const requireOnce = (parent: XmlElement, ...names: readonly string[]): void => {
    const twice = names.find((name) => findAll(parent, name).length > 1);
    if (twice !== undefined) {
      throw new XmlError(`${parent.name} has ${twice} twice`);
    }
  };
  const requireOwnNames = (node: XmlElement): void => {
    const odd = [node.name, ...Object.keys(node.attributes)].find((name) => /:|^xmlns$/u.test(name));
    if (odd !== undefined) {
      throw new XmlError(`${odd} is of another namespace`);
    }
    elementsOf(node).forEach(requireOwnNames);
  };
  requireOnce(root, ...diskLists, 'memory', 'domain', 'inactiveDomain');
  for (const list of diskLists.flatMap((name) => (root.name === 'domain' ? [] : findAll(root, name)))) {
    requireOwnNames(list);
    if (elementsOf(list).some(({ name }) => name !== 'disk')) {
      throw new XmlError(`${list.name} has more than disks`);
    }
  }
  for (const domain of domainsIn(root)) {
    requireOnce(domain, 'os', 'devices');
    [find(domain, 'os'), find(domain, 'devices')].forEach((part) => part !== undefined && requireOwnNames(part));
    requireOnce(find(domain, 'os') ?? domain, 'nvram');
  }
  for (const { layer } of disksIn(root).flatMap(layersOf)) {
    requireOnce(layer, 'source', 'backingStore', 'driver', 'format', 'target');
  }
  for (const nvram of domainsIn(root).flatMap((domain) => find(domain, 'os', 'nvram') ?? [])) {
    requireOnce(nvram, 'source');
  }
}

/** A guest writes what it likes into a raw image: read as another format, it would name files of the host. */
function requireFormats(root: XmlElement, files: RestoredVm['files']): void {
  const formats = new Map(files.map(({ from, format }) => [from, format]));
  for (const { layer } of disksIn(root).flatMap(layersOf)) {
    const file = sourcePath(layer) ?? '';
    const said = attribute(find(layer, layer.name === 'disk' ? 'driver' : 'format'), 'type');
    const format = formats.get(file);
    if (said !== undefined && format !== undefined && said !== format) {
      throw new XmlError(`${file} is ${format} in the backup, and ${said} in the VM`);
    }
  }
}

/** A copy that is to be the VM that it was is of that VM, in each document. */
function requireSelf(domain: XmlElement, { identity, uuid }: RestoredVm): void {
  const own = textOf(find(domain, 'uuid'))?.trim().toLowerCase();
  if (identity === 'same' && own !== uuid) {
    throw new XmlError(`it describes ${own ?? 'no VM'}, not ${uuid}`);
  }
}

/** libvirt loads RAM into no VM of another name or UUID. The addresses are the same ones in all documents. */
function restoredDomain(domain: XmlElement, vm: RestoredVm, names: ReadonlyMap<string, string>): XmlElement {
  requireSelf(domain, vm);
  const named = withText(withText(domain, 'name', vm.name), 'uuid', vm.uuid, 'name');
  const own = withoutCloneMark(named);
  const variables = variablesOf(find(own, 'os', 'nvram'));
  const nvram = variables === undefined ? undefined : names.get(variables);
  if (vm.identity === 'same') {
    return changeChildren(own, 'os', (os) => changeChildren(os, 'nvram', (one) => onVariables(one, nvram)));
  }
  const clone = { name: vm.name, uuid: vm.uuid };
  return cloneApart(own, {
    clone,
    disks: [],
    ...(nvram !== undefined && { nvram }),
    network: 'same',
    addresses: 'new',
  });
}

function onVariables(nvram: XmlElement, file: string | undefined): XmlElement {
  return file === undefined
    ? nvram
    : { ...nvram, children: find(nvram, 'source') === undefined ? [file] : [element('source', { file })] };
}

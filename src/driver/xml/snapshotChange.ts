// A snapshot's document with something changed, for a redefinition. Each must have been read with
// VIR_DOMAIN_SNAPSHOT_XML_SECURE: what is missing in it is wiped. Pure; knows no flags.
import type { UntoldDisk } from '../../domain/vm.js';
import type { MovedName, TargetFile } from '../../steps/step.js';
import { attribute, element, find, findAll, parseXml, writeXml, XmlError, type XmlElement } from './xmlTree.js';
import { foreignInOverlay } from './knownDiskXml.js';
import { pathOf } from './diskXml.js';
import { redirectDisks, renameFileNames } from './retarget.js';
import { changeChildren, changeDomains, isElement, withText } from './xmlChange.js';

/** An empty description is no description. */
export function redescribe(secureXml: string, description: string): string {
  return writeXml(withText(parse(secureXml), 'description', description, 'name'));
}

/** The same snapshot under another name: the same parent, time, state, disks and configuration. */
export function renameSnapshot(secureXml: string, name: string, description: string): string {
  return writeXml(withText(withText(parse(secureXml), 'name', name), 'description', description, 'name'));
}

/** A memory snapshot as the disk-only one that it is without its RAM. */
export function withoutRam(secureXml: string): string {
  const disksOnly = withText(parse(secureXml), 'state', 'disk-snapshot', 'name');
  return writeXml(changeChildren(disksOnly, 'memory', () => element('memory', { snapshot: 'no' })));
}

/** @param parent none: it becomes a root */
export function withParent(secureXml: string, parent?: string): string {
  const root = parse(secureXml);
  const others = root.children.filter((node) => !isElement(node, 'parent'));
  if (parent === undefined) {
    return writeXml({ ...root, children: others });
  }
  const at = others.findIndex((node) => isElement(node, 'name')) + 1;
  const written = element('parent', {}, [element('name', {}, [parent])]);
  return writeXml({ ...root, children: [...others.slice(0, at), written, ...others.slice(at)] });
}

/**
 * The overlays that it names from now on, of disks that it has external ones of. What an earlier revert noted in
 * `<revertDisks>` goes: libvirt forgets it as well when the snapshot becomes the current one.
 * @throws XmlError when it has no external part of one of the disks.
 */
export function withOverlays(secureXml: string, disks: readonly TargetFile[]): string {
  const files = new Map(disks.map(({ target, file }) => [target, file]));
  const root = parse(secureXml);
  const own = findAll(find(root, 'disks'), 'disk').filter((disk) => attribute(disk, 'snapshot') === 'external');
  const missing = [...files.keys()].find((target) => !own.some((disk) => attribute(disk, 'name') === target));
  if (missing !== undefined) {
    throw new XmlError(`the snapshot has no external part of disk ${missing}`);
  }
  const settled = changeChildren(root, 'revertDisks', () => undefined);
  return writeXml(
    changeChildren(settled, 'disks', (all) =>
      changeChildren(all, 'disk', (disk) => {
        const file = files.get(attribute(disk, 'name') ?? '');
        return file === undefined ? disk : onOverlay(disk, file);
      }),
    ),
  );
}

function onOverlay(disk: XmlElement, file: string): XmlElement {
  const [stranger] = foreignInOverlay(disk);
  if (stranger !== undefined) {
    throw new XmlError(`the snapshot has ${stranger} of a disk, which cannot be carried over to ${file}`);
  }
  return element('disk', { ...disk.attributes, type: 'file' }, [
    element('driver', { ...find(disk, 'driver')?.attributes, type: 'qcow2' }),
    element('source', { file }),
    ...disk.children.filter((node) => isElement(node) && node.name !== 'driver' && node.name !== 'source'),
  ]);
}

/**
 * The same snapshot with its content in other files, of these disks; what is below them says each file itself.
 * @throws XmlError when it holds no configuration, or lacks one of the disks.
 */
export function onFrozenFiles(secureXml: string, disks: readonly (TargetFile & { readonly format: string })[]): string {
  const root = parse(secureXml);
  if (find(root, 'domain') === undefined) {
    throw new XmlError('the snapshot does not hold the configuration of its VM');
  }
  return writeXml(changeDomains(root, (domain) => redirectDisks(domain, disks)));
}

/**
 * Its configuration tells what these disks rest on, where it does not yet; undefined where it tells of all. As
 * libvirt's own, it names the layers and leaves the end open; of a disk that stands alone it says so.
 * @throws XmlError when it holds no configuration
 */
export function withBackingChains(secureXml: string, disks: readonly UntoldDisk[]): string | undefined {
  const root = parse(secureXml);
  const domain = find(root, 'domain');
  if (domain === undefined) {
    throw new XmlError('the snapshot does not hold the configuration of its VM');
  }
  const files = new Map(disksIn(domain).map((disk) => [targetOf(disk), pathOf(disk)]));
  let told = 0;
  const tell = (disk: XmlElement): XmlElement => {
    const below = disks.find(({ target }) => target === targetOf(disk))?.below;
    // What is configured may be another disk by now.
    if (below === undefined || find(disk, 'backingStore') !== undefined || files.get(targetOf(disk)) !== pathOf(disk)) {
      return disk;
    }
    told++;
    return { ...disk, children: [...disk.children, layersElement(below) ?? element('backingStore', {}, [])] };
  };
  const telling = (one: XmlElement): XmlElement =>
    changeChildren(one, 'devices', (devices) => changeChildren(devices, 'disk', tell));
  const xml = writeXml(changeDomains(root, telling));
  return told === 0 ? undefined : xml;
}

function layersElement([top, ...rest]: UntoldDisk['below']): XmlElement | undefined {
  if (top === undefined) {
    return undefined;
  }
  const below = layersElement(rest);
  return element('backingStore', { type: top.type }, [
    element('format', { type: top.format }),
    element('source', { [top.type === 'block' ? 'dev' : 'file']: top.file }),
    ...(below === undefined ? [] : [below]),
  ]);
}

function disksIn(domain: XmlElement): readonly XmlElement[] {
  return findAll(find(domain, 'devices'), 'disk');
}

function targetOf(disk: XmlElement): string | undefined {
  return attribute(find(disk, 'target'), 'dev');
}

/** The same snapshot with its files under their names of now, in all that it tells of them. */
export function withFilesMoved(secureXml: string, files: readonly MovedName[]): string {
  return writeXml(renameFileNames(parse(secureXml), files));
}

/** Without the marks that a delete which broke off left on its disks; undefined when there are none. */
export function withoutDeleteMarks(secureXml: string): string | undefined {
  const root = parse(secureXml);
  const marked = findAll(find(root, 'disks'), 'disk').some((disk) => find(disk, mark) !== undefined);
  const removeMark = (disk: XmlElement): XmlElement => changeChildren(disk, mark, () => undefined);
  return marked
    ? writeXml(changeChildren(root, 'disks', (disks) => changeChildren(disks, 'disk', removeMark)))
    : undefined;
}

const mark = 'snapshotDeleteInProgress';

function parse(secureXml: string): XmlElement {
  const root = parseXml(secureXml);
  if (root.name !== 'domainsnapshot' || find(root, 'name') === undefined) {
    throw new XmlError('this is not the description of a snapshot');
  }
  return root;
}

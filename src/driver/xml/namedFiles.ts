// Which files and devices the documents of a VM name for its disks, and what each of these is. Pure.
import type { NamedFiles, NamedSecret } from '../../domain/copiedVm.js';
import { isDevicePath } from '../../domain/devicePath.js';
import { isDrive } from './apartXml.js';
import { changeChildren, isElement } from './xmlChange.js';
import { attribute, elementsOf, find, findAll, parseXml, textOf, writeXml, type XmlElement } from './xmlTree.js';

/** @param xml a VM's or a snapshot's */
export function namedFiles(xml: string): NamedFiles {
  const root = parseXml(xml);
  const [files, odd, special] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const secrets = new Map<string, NamedSecret>();
  for (const { target, layer } of disksIn(root).flatMap(layersOf)) {
    const source = find(layer, 'source');
    const path = sourcePath(layer);
    if (path !== undefined) {
      files.add(path);
    }
    const ciphers = encryptionsOf(layer);
    const secret = ciphers.length === 1 ? secretOf(ciphers[0]) : undefined;
    if (secret !== undefined) {
      secrets.set(`${target} ${secret}`, { disk: target, name: secret });
    }
    if (secret !== undefined || attribute(layer, 'type') === 'block') {
      special.add(target);
    }
    const isPlain = source === undefined || (path !== undefined && isPlainSource(layer, source));
    const isOpen = ciphers.length === 0 || secret !== undefined;
    const isBound = attribute(layer, 'device') === 'lun';
    if (!isPlain || !isOpen || isBound || ['mirror', 'transient'].some((name) => find(layer, name) !== undefined)) {
      odd.add(target);
    }
  }
  for (const nvram of domainsIn(root).flatMap((domain) => find(domain, 'os', 'nvram') ?? [])) {
    const variables = variablesOf(nvram);
    if (variables !== undefined) {
      files.add(variables);
    }
    const source = find(nvram, 'source');
    const names = source !== undefined || (textOf(nvram)?.trim() ?? '') !== '';
    if (names && (variables === undefined || (source !== undefined && !isPlainSource(nvram, source)))) {
      odd.add('nvram');
    }
  }
  const ram = root.name === 'domainsnapshot' ? attribute(find(root, 'memory'), 'file') : undefined;
  if (ram !== undefined) {
    files.add(ram);
  }
  return { files: [...files], odd: [...odd], special: [...special], secrets: [...secrets.values()] };
}

interface NamedDisk {
  /** As the guest names it. */
  readonly target: string;
  readonly disk: XmlElement;
}

/** Not the drives for media. */
export function disksIn(root: XmlElement): readonly NamedDisk[] {
  const configured = domainsIn(root)
    .flatMap((domain) => findAll(find(domain, 'devices'), 'disk'))
    .filter((disk) => !isDrive(disk))
    .map((disk) => ({ disk, target: attribute(find(disk, 'target'), 'dev') ?? '' }));
  const taken = (root.name === 'domainsnapshot' ? diskLists : [])
    .flatMap((name) => findAll(find(root, name), 'disk'))
    .map((disk) => ({ disk, target: attribute(disk, 'name') ?? '' }));
  return [...configured, ...taken];
}

export const diskLists = ['disks', 'revertDisks'];

/** The disk itself, and what its file rests on. */
export function layersOf({
  target,
  disk,
}: NamedDisk): readonly { readonly target: string; readonly layer: XmlElement }[] {
  const layers: { target: string; layer: XmlElement }[] = [];
  for (let layer: XmlElement | undefined = disk; layer !== undefined; layer = find(layer, 'backingStore')) {
    layers.push({ target, layer });
  }
  return layers;
}

/** What libvirt reads of a source depends on the type: `dev` of a block device, also if a file stands beside it. */
function sourceKey(of: XmlElement): 'file' | 'dev' {
  return attribute(of, 'type') === 'block' ? 'dev' : 'file';
}

export function sourcePath(of: XmlElement): string | undefined {
  const path = attribute(find(of, 'source'), sourceKey(of));
  return path?.startsWith('/') === true ? path : undefined;
}

function isPlainSource(of: XmlElement, source: XmlElement): boolean {
  return (
    ['file', 'block'].includes(attribute(of, 'type') ?? 'file') &&
    Object.keys(source.attributes).every((name) => [sourceKey(of), 'startupPolicy', 'index'].includes(name)) &&
    elementsOf(source).every(({ name }) => name === 'seclabel' || (of.name !== 'nvram' && name === 'encryption'))
  );
}

/** Old documents have it beside the `<source>`. */
function encryptionsOf(layer: XmlElement): readonly XmlElement[] {
  return [...findAll(layer, 'encryption'), ...findAll(find(layer, 'source'), 'encryption')];
}

/** Of LUKS with one passphrase, which QEMU opens; undefined: of nothing that a copy can be made of. */
function secretOf(encryption: XmlElement | undefined): string | undefined {
  const [secret, ...others] = encryption === undefined ? [] : elementsOf(encryption);
  const isLuks = attribute(encryption, 'format') === 'luks' && (attribute(encryption, 'engine') ?? 'qemu') === 'qemu';
  const isOne = secret?.name === 'secret' && attribute(secret, 'type') === 'passphrase' && others.length === 0;
  const name = attribute(secret, 'uuid') ?? attribute(secret, 'usage');
  return isLuks && isOne && name !== undefined && name !== '' ? name : undefined;
}

/**
 * With the files and devices that volumes are. One whose format the pool alone knows stays, for a disk without one
 * counts as raw.
 * @param pathOf undefined: it has no path on the host
 */
export async function volumesAsSources(
  xml: string,
  pathOf: (pool: string, volume: string) => Promise<string | undefined>,
): Promise<string> {
  const root = parseXml(xml);
  const paths = new Map<XmlElement, string>();
  for (const { layer } of disksIn(root).flatMap(layersOf)) {
    const { pool, volume, ...others } = find(layer, 'source')?.attributes ?? {};
    const isKnown = Object.keys(others).every((name) => ['startupPolicy', 'index'].includes(name));
    const hasFormat = attribute(find(layer, layer.name === 'disk' ? 'driver' : 'format'), 'type') !== undefined;
    const isVolume = attribute(layer, 'type') === 'volume' && isKnown && hasFormat;
    const path = isVolume && pool !== undefined && volume !== undefined ? await pathOf(pool, volume) : undefined;
    if (path !== undefined) {
      paths.set(layer, path);
    }
  }
  const write = (node: XmlElement): XmlElement => {
    const path = paths.get(node);
    const own = { ...node, children: node.children.map((child) => (isElement(child) ? write(child) : child)) };
    return path === undefined ? own : onPath(own, path);
  };
  return paths.size === 0 ? xml : writeXml(write(root));
}

/** A file or a device, as its path says. */
function onPath(layer: XmlElement, path: string): XmlElement {
  const isDevice = isDevicePath(path);
  const typed = { ...layer, attributes: { ...layer.attributes, type: isDevice ? 'block' : 'file' } };
  return changeChildren(typed, 'source', (source) => {
    const { file: _, dev: __, pool: ___, volume: ____, ...attributes } = source.attributes;
    return { ...source, attributes: { ...(isDevice ? { dev: path } : { file: path }), ...attributes } };
  });
}

/** Layers whose source has one of these paths, as what it is there. */
export function asPathsSay(node: XmlElement, paths: ReadonlySet<string>): XmlElement {
  const path = node.name === 'disk' || node.name === 'backingStore' ? sourcePath(node) : undefined;
  const own = {
    ...node,
    children: node.children.map((child) => (isElement(child) ? asPathsSay(child, paths) : child)),
  };
  return path !== undefined && paths.has(path) && isDevicePath(path) !== (sourceKey(node) === 'dev')
    ? onPath(own, path)
    : own;
}

export function variablesOf(nvram: XmlElement | undefined): string | undefined {
  const path = attribute(find(nvram, 'source'), 'file') ?? textOf(nvram)?.trim();
  return path?.startsWith('/') === true ? path : undefined;
}

export function domainsIn(root: XmlElement): readonly XmlElement[] {
  return root.name === 'domain' ? [root] : [...findAll(root, 'domain'), ...findAll(root, 'inactiveDomain')];
}

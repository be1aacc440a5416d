// The disks of a VM as its XML tells them, with all that a rule must know of them. Knows no file.
import type { SnapshotWish, VmDisk, VmLayer } from '../../domain/vm.js';
import { foreignIn } from './knownDiskXml.js';
import { attribute, elementsOf, find, findAll, type XmlElement } from './xmlTree.js';

/** The disks of a `<domain>` or `<inactiveDomain>` element, in their order. */
export function readDisks(domain: XmlElement | undefined): readonly VmDisk[] {
  return findAll(find(domain, 'devices'), 'disk').map((disk) => {
    const source = pathOf(disk);
    const volume = volumeOf(disk);
    const policy = attribute(find(disk, 'source'), 'startupPolicy');
    const format = attribute(find(disk, 'driver'), 'type');
    return {
      target: attribute(find(disk, 'target'), 'dev') ?? '',
      device: deviceOf(attribute(disk, 'device')),
      sourceType: attribute(disk, 'type') ?? 'file',
      // libvirt does not probe: a disk without a driver type is raw.
      format: format ?? 'raw',
      ...(source === undefined ? {} : { source }),
      ...(volume === undefined ? {} : { volume }),
      readonly: find(disk, 'readonly') !== undefined,
      shareable: find(disk, 'shareable') !== undefined,
      ...(policy === 'requisite' || policy === 'optional' ? { whenMissing: policy } : {}),
      ...backingOf(disk),
      ...peculiaritiesOf(disk, format),
    };
  });
}

export function pathOf(of: XmlElement): string | undefined {
  const source = find(of, 'source');
  return attribute(source, 'file') ?? attribute(source, 'dev');
}

function volumeOf(disk: XmlElement): VmDisk['volume'] {
  const source = find(disk, 'source');
  const [pool, name] = [attribute(source, 'pool'), attribute(source, 'volume')];
  return pool === undefined || name === undefined ? undefined : { pool, name };
}

function deviceOf(word: string | undefined): VmDisk['device'] {
  return word === 'cdrom' || word === 'floppy' || word === 'lun' ? word : 'disk';
}

/** The `<backingStore>` elements below one another, without the empty one that ends a chain that is told whole. */
function layersOf(disk: XmlElement): { readonly layers: readonly XmlElement[]; readonly isWhole: boolean } {
  const layers: XmlElement[] = [];
  for (let at = find(disk, 'backingStore'); at !== undefined; at = find(at, 'backingStore')) {
    if (elementsOf(at).length === 0) {
      return { layers, isWhole: true };
    }
    layers.push(at);
  }
  return { layers, isWhole: false };
}

/**
 * | below the disk                     | `backing` means           |
 * |------------------------------------|---------------------------|
 * | no `<backingStore>`                | not known                 |
 * | … that ends in an empty one        | the whole chain           |
 * | … whose last lacks `<backingStore>` | not known to the end     |
 *
 * A layer that is no file or device is named by its type and name, for it must still count as a layer.
 */
function backingOf(disk: XmlElement): Pick<VmDisk, 'backing' | 'layers'> {
  const { layers, isWhole } = layersOf(disk);
  const backing = layers.map(
    (at) => pathOf(at) ?? `${attribute(at, 'type') ?? ''}:${attribute(find(at, 'source'), 'name') ?? ''}`,
  );
  return { ...(isWhole ? { backing } : {}), ...(layers.length === 0 ? {} : { layers: layers.map(layerOf) }) };
}

function layerOf(at: XmlElement): VmLayer {
  const [file, format] = [pathOf(at), attribute(find(at, 'format'), 'type')];
  return {
    type: attribute(at, 'type') ?? 'file',
    ...(format === undefined ? {} : { format }),
    ...(file === undefined ? {} : { file }),
  };
}

type Peculiarities = Pick<
  VmDisk,
  'snapshot' | 'formatUntold' | 'encrypted' | 'sliced' | 'dataFile' | 'transient' | 'mirror' | 'copyOnRead' | 'foreign'
>;

/** Old documents have `<encryption>` beside the `<source>`, newer ones within. */
function peculiaritiesOf(disk: XmlElement, format: string | undefined): Peculiarities {
  const sources = [disk, ...layersOf(disk).layers].map((at) => find(at, 'source'));
  const some = (name: string): boolean => sources.some((source) => find(source, name) !== undefined);
  const wish = wishes.get(attribute(disk, 'snapshot') ?? '');
  const foreign = foreignIn(disk);
  return {
    ...(wish === undefined ? {} : { snapshot: wish }),
    ...(format === undefined && volumeOf(disk) !== undefined ? { formatUntold: true } : {}),
    ...(some('encryption') || find(disk, 'encryption') !== undefined ? { encrypted: true } : {}),
    ...(some('slices') ? { sliced: true } : {}),
    ...(find(disk, 'source', 'dataStore') === undefined ? {} : { dataFile: true }),
    ...(find(disk, 'transient') === undefined ? {} : { transient: true }),
    ...(find(disk, 'mirror') === undefined ? {} : { mirror: true }),
    ...(attribute(find(disk, 'driver'), 'copy_on_read') === 'on' ? { copyOnRead: true } : {}),
    ...(foreign.length === 0 ? {} : { foreign }),
  };
}

const wishes: ReadonlyMap<string, SnapshotWish> = new Map(
  (['no', 'internal', 'external', 'manual'] as const).map((word) => [word, word]),
);

/** Joins the obstacles of one disk in two documents: those in either count. */
export function withPeculiaritiesOf(disk: VmDisk, other: VmDisk | undefined): VmDisk {
  const foreign = [...new Set([...(disk.foreign ?? []), ...(other?.foreign ?? [])])];
  return {
    ...disk,
    ...(other?.encrypted === true ? { encrypted: true } : {}),
    ...(other?.sliced === true ? { sliced: true } : {}),
    ...(other?.transient === true ? { transient: true } : {}),
    ...(foreign.length === 0 ? {} : { foreign }),
  };
}

// What is known of a `<disk>`: each element and attribute that libvirt's schema (domaincommon.rng, 9.0 to 12) has for
// it, and what becomes of it when the disk goes onto another file. What is not here is named, so that nothing is done
// to it.
import type { XmlElement } from './xmlTree.js';
import { isElement } from './xmlChange.js';

/**
 * | fate   | when the disk goes onto another file                                                               |
 * |--------|-----------------------------------------------------------------------------------------------------|
 * | kept   | it stays as it is, with all that is in it, known or not                                             |
 * | ofFile | it is about the old file, and goes with it                                                          |
 * | binds  | it is about how the old file is read: neither kept nor left out is right, so the disk stays where it is |
 */
type PartFate = 'kept' | 'ofFile' | 'binds';

interface KnownElement {
  readonly attributes: Readonly<Record<string, PartFate>>;
  readonly children: Readonly<Record<string, PartFate | KnownElement>>;
}

function all<F extends PartFate>(fate: F, ...names: readonly string[]): Readonly<Record<string, F>> {
  return Object.fromEntries(names.map((name) => [name, fate]));
}

const nothing: KnownElement = { attributes: {}, children: {} };

function only(...attributes: readonly string[]): KnownElement {
  return { attributes: all('ofFile', ...attributes), children: {} };
}

const cache: KnownElement = { attributes: {}, children: { max_size: only('unit') } };
const format: KnownElement = { attributes: all('ofFile', 'type'), children: { metadata_cache: cache } };

/** What network layers are reached by stands in the image above them as well; what they are unlocked by does not. */
const plainSource: KnownElement = {
  attributes: {
    ...all('kept', 'startupPolicy'),
    ...all('ofFile', 'file', 'dev', 'dir', 'index', 'pool', 'volume', 'mode', 'protocol', 'name', 'query'),
    ...all('ofFile', 'type', 'path', 'managed', 'namespace'),
    ...all('binds', 'fdgroup', 'tls', 'tlsHostname'),
  },
  children: {
    ...all('kept', 'seclabel'),
    host: only('name', 'port', 'transport', 'socket'),
    address: only('type', 'domain', 'bus', 'slot', 'function', 'multifunction'),
    ...all('binds', 'encryption', 'slices', 'reservations', 'auth', 'cookies', 'ssl', 'config', 'snapshot'),
    ...all('binds', 'initiator', 'identity', 'knownHosts', 'readahead', 'timeout', 'reconnect'),
  },
};

/** Data beside an image is named in the image too. */
const source: KnownElement = {
  ...plainSource,
  children: {
    ...plainSource.children,
    dataStore: { attributes: only('type').attributes, children: { format, source: plainSource } },
  },
};

/** What is below a layer is looked at as one more. */
const layer: KnownElement = {
  attributes: all('ofFile', 'type', 'index'),
  children: { format, source, backingStore: nothing },
};

const mirror: KnownElement = {
  attributes: all('ofFile', 'file', 'format', 'job', 'ready', 'type'),
  children: { format, source, backingStore: layer },
};

const disk: KnownElement = {
  attributes: { ...all('kept', 'device', 'model', 'rawio', 'sgio', 'snapshot'), ...all('ofFile', 'type') },
  children: {
    ...all('kept', 'target', 'address', 'acpi', 'backenddomain', 'blockio', 'boot', 'geometry', 'iotune'),
    ...all('kept', 'throttlefilters', 'product', 'vendor', 'wwn', 'serial', 'readonly', 'shareable', 'transient'),
    alias: only('name'),
    mirror,
    ...all('binds', 'encryption', 'auth'),
    driver: {
      attributes: {
        ...all('kept', 'name', 'type', 'cache', 'error_policy', 'rerror_policy', 'io', 'ioeventfd', 'event_idx'),
        ...all('kept', 'copy_on_read', 'discard', 'discard_no_unref', 'iothread', 'detect_zeroes', 'queues'),
        ...all('kept', 'queue_size', 'iommu', 'ats', 'packed', 'page_per_vq'),
      },
      children: all('kept', 'metadata_cache', 'iothreads', 'statistics'),
    },
    source,
    backingStore: layer,
  },
};

/** The overlay of one disk in the document of a snapshot. */
const overlay: KnownElement = {
  attributes: all('kept', 'name', 'snapshot', 'type'),
  children: {
    driver: { attributes: all('kept', 'type'), children: {} },
    source: only('file', 'dev', 'index'),
    ...all('kept', 'snapshotDeleteInProgress'),
  },
};

/** Rules of their own speak of these. */
const namedElsewhere: ReadonlySet<string> = new Set(['encryption', 'slices']);

/**
 * What stands against another file in the place of the disk's: what nobody here knows, and what is bound to the file.
 * As a path from the disk on: `iotune`, `driver@cache`, `backingStore/source/auth`.
 */
export function strangersIn(of: XmlElement): readonly string[] {
  return findStrangers(of, disk, '');
}

/** Those among them that no other rule speaks of. */
export function foreignIn(of: XmlElement): readonly string[] {
  return withoutNamedElsewhere(strangersIn(of));
}

/** The same of the overlay that a snapshot names. */
export function foreignInOverlay(of: XmlElement): readonly string[] {
  return findStrangers(of, overlay, '');
}

function withoutNamedElsewhere(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => !namedElsewhere.has(path.slice(path.lastIndexOf('/') + 1)));
}

function findStrangers(of: XmlElement, known: KnownElement, path: string): readonly string[] {
  const names: string[] = [];
  for (const name of Object.keys(of.attributes)) {
    if (isOdd(known.attributes, name)) {
      names.push(`${path === '' ? '' : path}@${name}`);
    }
  }
  for (const child of of.children) {
    if (!isElement(child)) {
      continue;
    }
    const at = path === '' ? child.name : `${path}/${child.name}`;
    const fate = Object.hasOwn(known.children, child.name) ? known.children[child.name] : undefined;
    if (typeof fate === 'object') {
      names.push(...findStrangers(child, fate === nothing ? layer : fate, at));
    } else if (fate === undefined || fate === 'binds') {
      names.push(at);
    }
  }
  return names;
}

function isOdd(known: Readonly<Record<string, PartFate>>, name: string): boolean {
  const fate = Object.hasOwn(known, name) ? known[name] : undefined;
  return fate === undefined || fate === 'binds';
}

// The XML of libvirt's storage pools and volumes, read and written. Calls nobody.
import type { ImageFacts, NewImage, NewOverlay } from '../../domain/hostFiles.js';
import { attribute, element, find, parseXml, textOf, writeXml, type XmlElement } from './xmlTree.js';

interface StoragePermissions {
  /** Octal digits. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
}

export interface PoolFacts {
  /** dir, fs, netfs, logical, … */
  readonly type: string;
  readonly folder: string | undefined;
  readonly permissions: StoragePermissions | undefined;
}

export interface VolumeFacts {
  /** file, dir, block, … */
  readonly type: string;
  readonly image: ImageFacts;
  readonly permissions: StoragePermissions | undefined;
  /** The time of its last change of any kind, in milliseconds since 1970. */
  readonly changedAt?: number;
}

/** A pool over a folder that is there: nothing in it says that anything is to be made. */
export function writeFolderPool(name: string, folder: string): string {
  return writeXml(
    element('pool', { type: 'dir' }, [
      element('name', {}, [name]),
      element('target', {}, [element('path', {}, [folder])]),
    ]),
  );
}

export function parsePool(xml: string): PoolFacts {
  const pool = parseXml(xml);
  return {
    type: attribute(pool, 'type') ?? '',
    folder: textOf(find(pool, 'target', 'path')),
    permissions: permissionsOf(find(pool, 'target', 'permissions')),
  };
}

/** Undefined for sizes that no file has: libvirt passes on what a header claims. */
export function parseVolume(xml: string): VolumeFacts | undefined {
  const volume = parseXml(xml);
  const target = find(volume, 'target');
  const capacity = bytesOf(find(volume, 'capacity'));
  const allocatedBytes = bytesOf(find(volume, 'allocation'));
  const bytes = bytesOf(find(volume, 'physical')) ?? capacity;
  if (capacity === undefined || allocatedBytes === undefined || bytes === undefined) {
    return undefined;
  }
  const format = attribute(find(target, 'format'), 'type') ?? 'raw';
  const backing = textOf(find(volume, 'backingStore', 'path'));
  const modifiedAt = timeOf(find(target, 'timestamps', 'mtime'));
  const changedAt = timeOf(find(target, 'timestamps', 'ctime'));
  const backingFormat = attribute(find(volume, 'backingStore', 'format'), 'type');
  return {
    type: attribute(volume, 'type') ?? '',
    image: {
      bytes,
      allocatedBytes,
      format,
      // A guest sees whole sectors.
      virtualBytes: format === 'raw' ? Math.ceil(capacity / 512) * 512 : capacity,
      ...(modifiedAt === undefined ? {} : { modifiedAt }),
      ...(backing === undefined
        ? {}
        : { backing: { file: backing, ...(backingFormat === undefined ? {} : { format: backingFormat }) } }),
    },
    permissions: permissionsOf(find(target, 'permissions')),
    ...(changedAt === undefined ? {} : { changedAt }),
  };
}

/**
 * An overlay is without a capacity, so that it becomes the backing file's to the byte: libvirt rounds one that is given
 * up to the next KiB. Without `compat`, older versions make images of qcow2's first kind.
 */
export function writeImageVolume(
  name: string,
  made: NewOverlay | NewImage,
  like: StoragePermissions | undefined,
): string {
  return writeXml(
    element('volume', {}, [
      element('name', {}, [name]),
      ...('bytes' in made ? [element('capacity', { unit: 'bytes' }, [String(made.bytes)])] : []),
      element('target', {}, [
        element('format', { type: 'qcow2' }),
        element('compat', {}, ['1.1']),
        ...permissionElements(like),
      ]),
      ...('bytes' in made
        ? []
        : [
            element('backingStore', {}, [
              element('path', {}, [made.backing]),
              element('format', { type: made.backingFormat }),
            ]),
          ]),
    ]),
  );
}

export function writeRawVolume(name: string, bytes: number, like: StoragePermissions | undefined): string {
  return writeXml(
    element('volume', {}, [
      element('name', {}, [name]),
      element('capacity', { unit: 'bytes' }, [String(bytes)]),
      element('target', {}, [element('format', { type: 'raw' }), ...permissionElements(like)]),
    ]),
  );
}

/** Whether somebody of this user and these groups may make files there, as the mode says. */
export function mayWrite({ mode, owner, group }: StoragePermissions, user: number, groups: readonly number[]): boolean {
  const bits = Number.parseInt(mode, 8);
  const shift = Number(owner) === user ? 6 : groups.includes(Number(group)) ? 3 : 0;
  return user === 0 || ((bits >> shift) & 0o3) === 0o3;
}

function permissionsOf(from: XmlElement | undefined): StoragePermissions | undefined {
  const [mode, owner, group] = ['mode', 'owner', 'group'].map((name) => textOf(find(from, name)));
  return mode === undefined || owner === undefined || group === undefined ? undefined : { mode, owner, group };
}

/** A base that nobody may write still gets an overlay for writing. */
function permissionElements(like: StoragePermissions | undefined): readonly XmlElement[] {
  if (like === undefined) {
    return [];
  }
  const mode = (Number.parseInt(like.mode, 8) & 0o777) | 0o600;
  return [
    element('permissions', {}, [
      element('mode', {}, [`0${mode.toString(8)}`]),
      element('owner', {}, [like.owner]),
      element('group', {}, [like.group]),
    ]),
  ];
}

/** To the last bit what the file system's own time comes to here (`Stats.mtimeMs`): times of both ways are compared. */
function timeOf(from: XmlElement | undefined): number | undefined {
  const [, seconds, fraction = ''] = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(textOf(from) ?? '') ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1_000 + Number(fraction.padEnd(9, '0')) / 1_000_000;
}

function bytesOf(from: XmlElement | undefined): number | undefined {
  const text = textOf(from)?.trim() ?? '';
  const bytes = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

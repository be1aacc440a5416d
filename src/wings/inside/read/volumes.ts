// The file systems on the disks of a guest: which there are, which can be read here, and which one is the guest's root.
import { cachedDisk, type Disk, partOfDisk } from '../bytes/disk.js';
import { openExt } from './extFileSystem.js';
import { openFat } from './fatFileSystem.js';
import { FileSystemError, type GuestFileSystem } from './guestFileSystem.js';
import { openNtfs } from './ntfsFileSystem.js';
import { readParts } from './partitions.js';
import { findSignature, isStripe } from './signatures.js';

export interface Volume {
  /** As the guest's Linux would call it: `vda1`, `vda` where the disk has no partitions, `group-volume` of LVM. */
  readonly name: string;
  readonly bytes: number;
  /** As far as its marks tell: a type of file system, `LVM2_member`, `crypto_LUKS`, `swap`; absent: not known. */
  readonly type?: string;
  /** Absent: it cannot be read here. */
  readonly system?: GuestFileSystem;
  /** Why one of a known type cannot be read. */
  readonly fault?: FileSystemError;
  /** Its bytes as they are read, not kept; absent where it is no part of a disk. */
  readonly place?: VolumePlace;
}

interface VolumePlace {
  /** The disk's name. */
  readonly target: string;
  /** In bytes. */
  readonly start: number;
  readonly disk: Disk;
}

/** One that is empty or not, as far as it is looked at. */
const headBytes = 64 * 1024;

const readers: readonly (readonly [type: string, open: (disk: Disk) => Promise<GuestFileSystem | undefined>])[] = [
  ['ext4', openExt],
  ['ntfs', openNtfs],
  ['vfat', openFat],
];

/** @param name of the disk, as the guest's Linux would call it. Rejects with `DiskError` where it cannot be read */
export async function openVolumes(name: string, disk: Disk): Promise<readonly Volume[]> {
  const cached = cachedDisk(disk);
  const parts = await readParts(cached);
  const volumes = await Promise.all(
    parts.map(async ({ number, start, bytes, type }) => {
      const isDigitLast = /\d$/u.test(name);
      const own = number === 0 ? name : `${name}${isDigitLast ? 'p' : ''}${number}`;
      const place: VolumePlace = { target: name, start, disk: partOfDisk(disk, start, bytes) };
      const part = partOfDisk(cached, start, bytes);
      const volume = type === undefined ? await openVolume(own, part) : { name: own, bytes: part.bytes, type };
      return volume && { ...volume, place };
    }),
  );
  return volumes.filter((volume) => volume !== undefined);
}

/** Undefined for what holds nothing: the place of a boot loader, or an empty disk. */
async function openVolume(name: string, disk: Disk): Promise<Volume | undefined> {
  const { bytes } = disk;
  const early = (await findSignature(disk, 'early')) ?? ((await isStripe(disk)) ? 'linux_raid_member' : undefined);
  if (early !== undefined) {
    return { name, bytes, type: early };
  }
  for (const [type, open] of readers) {
    try {
      const system = await open(disk);
      if (system !== undefined) {
        return { name, bytes, type: system.type, system };
      }
    } catch (error) {
      if (error instanceof FileSystemError) {
        return { name, bytes, type, fault: error };
      }
      throw error;
    }
  }
  const type = await findSignature(disk, 'late');
  if (type !== undefined) {
    return { name, bytes, type };
  }
  const head = await disk.read(0, Math.min(bytes, headBytes));
  return head.every((byte) => byte === 0) ? undefined : { name, bytes };
}

/** What only the root of a system has. */
const rootFolders = ['etc', 'usr', 'var', 'bin', 'Windows', 'Users', 'Program Files'];

/** The one that a path without the name of a volume means: the guest's root, or the only one that can be read. */
async function rootVolume(volumes: readonly Volume[]): Promise<Volume | undefined> {
  const readable = volumes.filter(({ system }) => system !== undefined);
  for (const volume of readable) {
    if (await isRoot(volume)) {
      return volume;
    }
  }
  return readable.length === 1 ? readable[0] : undefined;
}

export async function isRoot({ system }: Volume): Promise<boolean> {
  const names = (await system?.list(system.root).catch(() => [])) ?? [];
  return names.filter(({ name }) => rootFolders.includes(name)).length >= 2;
}

export interface GuestPath {
  readonly volume: Volume & { readonly system: GuestFileSystem };
  /** From the root of that file system. */
  readonly path: string;
}

/**
 * `vda1:/etc/hosts` is in that volume, `/etc/hosts` in the guest's root.
 *
 * @returns why there is none: the volume is not there, cannot be read, or has to be named
 */
export async function findPath(
  volumes: readonly Volume[],
  text: string,
): Promise<GuestPath | { readonly no: 'volume' | 'readable' | 'root'; readonly volume?: Volume }> {
  const [, named, inNamed] = /^([\w+.-]+):(.*)$/su.exec(text) ?? [];
  const volume = named === undefined ? await rootVolume(volumes) : volumes.find(({ name }) => name === named);
  if (volume === undefined) {
    return { no: named === undefined ? 'root' : 'volume' };
  }
  const { system } = volume;
  return system === undefined ? { no: 'readable', volume } : { volume: { ...volume, system }, path: inNamed ?? text };
}

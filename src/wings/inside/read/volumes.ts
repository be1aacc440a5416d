// The file systems on the disks of a guest: which there are, which can be read here, and which one is the guest's root.
import { cachedDisk, type Disk, partOfDisk } from '../bytes/disk.js';
import { openExt } from './extFileSystem.js';
import { openFat } from './fatFileSystem.js';
import { FileSystemError, type GuestFileSystem } from './guestFileSystem.js';
import { openIso } from './isoFileSystem.js';
import { openNtfs } from './ntfsFileSystem.js';
import { readParts } from './partitions.js';

export interface Volume {
  /** As the guest's Linux would call it: `vda1`, `vda` where the disk has no partitions, `group-volume` of LVM. */
  readonly name: string;
  readonly bytes: number;
  /** As far as its first bytes tell: a type of file system, `LVM2_member`, `crypto_LUKS`, `swap`; absent: not known. */
  readonly type?: string;
  /** Absent: it cannot be read here. */
  readonly system?: GuestFileSystem;
  /** Why one of a known type cannot be read. */
  readonly fault?: FileSystemError;
  /** Its bytes as they are read, not kept; absent where it is no part of a disk. */
  readonly place?: VolumePlace;
}

export interface VolumePlace {
  /** The disk's name. */
  readonly target: string;
  /** In bytes. */
  readonly start: number;
  readonly disk: Disk;
}

/** What tells a type that is not read here: a mark at a place, by the names that `blkid` has for them. */
const marks: readonly (readonly [type: string, at: number, mark: string])[] = [
  ['xfs', 0, 'XFSB'],
  ['crypto_LUKS', 0, 'LUKS\xba\xbe'],
  ['BitLocker', 3, '-FVE-FS-'],
  ['exfat', 3, 'EXFAT   '],
  ['squashfs', 0, 'hsqs'],
  ['LVM2_member', 512, 'LABELONE'],
  ['swap', 4086, 'SWAPSPACE2'],
  ['btrfs', 0x10040, '_BHRfS_M'],
  ['linux_raid_member', 4096, '\xfc\x4e\x2b\xa9'],
];
const markedBytes = 0x10048;

/** @param name of the disk, as the guest's Linux would call it. Rejects with `DiskError` where it cannot be read */
export async function openVolumes(name: string, disk: Disk): Promise<readonly Volume[]> {
  const cached = cachedDisk(disk);
  const parts = await readParts(cached);
  const volumes = await Promise.all(
    parts.map(async ({ number, start, bytes }) => {
      const isDigitLast = /\d$/u.test(name);
      const own = number === 0 ? name : `${name}${isDigitLast ? 'p' : ''}${number}`;
      const place: VolumePlace = { target: name, start, disk: partOfDisk(disk, start, bytes) };
      const volume = await openVolume(own, partOfDisk(cached, start, bytes));
      return volume && { ...volume, place };
    }),
  );
  return volumes.filter((volume) => volume !== undefined);
}

/** Undefined for what holds nothing: the place of a boot loader, or an empty disk. */
async function openVolume(name: string, disk: Disk): Promise<Volume | undefined> {
  const { bytes } = disk;
  const head = await disk.read(0, Math.min(bytes, markedBytes));
  const type = marks.find(([, at, mark]) => head.toString('latin1', at, at + mark.length) === mark)?.[0];
  if (type !== undefined) {
    return { name, bytes, type };
  }
  try {
    const system = (await openExt(disk)) ?? (await openNtfs(disk)) ?? (await openFat(disk)) ?? (await openIso(disk));
    return system === undefined
      ? head.every((byte) => byte === 0)
        ? undefined
        : { name, bytes }
      : { name, bytes, type: system.type, system };
  } catch (error) {
    if (error instanceof FileSystemError) {
      return { name, bytes, fault: error };
    }
    throw error;
  }
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

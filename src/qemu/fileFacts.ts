// What the file system tells of a file with an image. Looks into none.
import { constants } from 'node:fs';
import { type FileStats, type FileSystem, thisComputer } from '../base/fileSystem.js';
import type { FileFacts, ImageFacts, LastChange } from '../domain/hostFiles.js';

const mostSysBytes = 4096;

/** Undefined for what is neither a file nor a block device: reading that could wait for ever. */
export async function factsOf(stats: FileStats, files: FileSystem = thisComputer): Promise<FileFacts | undefined> {
  if (stats.isFile()) {
    const { size: bytes, blocks, mtimeMs: modifiedAt, birthtimeMs: bornAt, mode } = stats;
    const readOnly = (mode & 0o222) === 0 ? { readOnly: true as const } : {};
    const real = `${stats.dev}:${stats.ino}`;
    const change = await changeOf(stats, files);
    return {
      ...{ bytes, allocatedBytes: blocks * 512, modifiedAt },
      ...(bornAt > 0 && { bornAt }),
      ...(change !== undefined && { change }),
      real,
      ...readOnly,
    };
  }
  if (!stats.isBlockDevice()) {
    return undefined;
  }
  const sectors = Number(await files.readText(`${folderOfDevice(stats)}/size`, mostSysBytes));
  return { bytes: sectors * 512, allocatedBytes: sectors * 512, real: `device ${stats.rdev}` };
}

/** What the kernel tells of a block device. */
export function folderOfDevice({ rdev }: Pick<FileStats, 'rdev'>): string {
  const major = Math.floor(rdev / 0x100) & 0xfff;
  const minor = (rdev & 0xff) | (Math.floor(rdev / 0x1000) & 0xfff00);
  return `/sys/dev/block/${major}:${minor}`;
}

/** By file system: whether libvirt sets a label of SELinux each time that a VM starts, which is a change. */
const labels = new WeakMap<FileSystem, Promise<boolean>>();

/** Tells nothing where links come and go, as with images that several VMs share: each is a change too. */
async function changeOf(
  { dev, ino, uid, gid, mode, nlink, ctimeMs: at }: FileStats,
  files: FileSystem,
): Promise<LastChange | undefined> {
  const isLabelled =
    labels.get(files) ??
    files.readText('/sys/fs/selinux/enforce', 16).then(
      () => true,
      () => false,
    );
  labels.set(files, isLabelled);
  if (await isLabelled) {
    return undefined;
  }
  return nlink === 1 ? { at, of: [dev, ino, uid, gid, mode].join(':') } : { at: 0, of: 'links' };
}

/**
 * The facts of a path that no program opens as an image: a folder, a pipe, a socket. Undefined where it can be one,
 * also for a device, of which only who opens it knows.
 */
export function noImage(stats: FileStats, format = 'raw'): ImageFacts | undefined {
  const canBe = stats.isFile() || stats.isBlockDevice() || (stats.mode & constants.S_IFMT) === constants.S_IFCHR;
  return canBe
    ? undefined
    : { bytes: stats.size, allocatedBytes: 0, format, virtualBytes: 0, corrupt: true, isFile: false };
}

export function asRawImage(facts: FileFacts): ImageFacts {
  // A guest sees whole sectors.
  return { ...facts, format: 'raw', virtualBytes: Math.ceil(facts.bytes / 512) * 512 };
}

// Which files a program has open as a disk, from the locks that QEMU keeps on its images. The kernel tells them to
// everybody; whose they are it does not.
import { type FileSystem, thisComputer } from '../../base/fileSystem.js';
import type { ImageLocks } from '../../domain/hostFiles.js';

/**
 * QEMU locks byte 100 + n of an image for each right that it has, and 200 + n for each that nobody else may have;
 * writing is right 1 (block/file-posix.c). Who only looks at an image that others may write (`qemu-img info -U`) locks
 * neither.
 */
const writing = 101;
const unsharedWriting = 201;
/** The kernel's. */
export const lockList = '/proc/locks';
/** A host with as many VMs as fit has a list of a few hundred KiB. */
const mostBytes = 4 * 1024 * 1024;

/**
 * Each as `FileFacts.real` has it. A file that is not among them may be in use all the same: over a network, on a file
 * system that numbers its files otherwise in the list, with locking switched off. Undefined where there is no list.
 */
export async function readImageLocks(
  list = lockList,
  files: Pick<FileSystem, 'readText'> = thisComputer,
): Promise<ImageLocks | undefined> {
  let text: string;
  try {
    text = await files.readText(list, mostBytes);
  } catch {
    // No Linux, or hidden: then nothing is known.
    return undefined;
  }
  const written = new Set<string>();
  const held = new Set<string>();
  for (const line of text.split('\n')) {
    const lock = lockOf(line);
    if (lock !== undefined && (lock.covers(writing) || lock.covers(unsharedWriting))) {
      held.add(lock.file);
      if (lock.covers(writing)) {
        written.add(lock.file);
      }
    }
  }
  return { written, held };
}

interface Lock {
  readonly file: string;
  covers(byte: number): boolean;
}

/** A lock that is held: `12: OFDLCK ADVISORY  READ -1 00:2b:1234 100 101`. A lock that is waited for has an arrow. */
function lockOf(line: string): Lock | undefined {
  const found = /^\s*\d+: (?:OFDLCK|POSIX)\s+\S+\s+\S+ -?\d+ ([\da-f]+):([\da-f]+):(\d+) (\d+) (\d+|EOF)\s*$/u.exec(
    line,
  );
  if (found === null) {
    return undefined;
  }
  const [, major = '', minor = '', inode = '', start, end] = found;
  return {
    file: `${deviceNumber(parseInt(major, 16), parseInt(minor, 16))}:${inode}`,
    covers: (byte) => Number(start) <= byte && (end === 'EOF' || byte <= Number(end)),
  };
}

/** As `stat` tells it. */
export function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x10_0000;
}

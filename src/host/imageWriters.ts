// Which files a program has open as a disk to write to, from the locks that QEMU keeps on its images. The kernel tells
// them to everybody; whose they are it does not. Knows nothing of VMs.
import { open } from 'node:fs/promises';

/** QEMU locks byte 100 + n of an image for each right that it has; writing is right 1 (block/file-posix.c). */
const writing = 101;
/** A host with as many VMs as fit has a list of a few hundred KiB. */
const mostBytes = 4 * 1024 * 1024;

/**
 * Each as `FileFacts.real` has it. A file that is not among them may be written all the same: over a network, on a file
 * system that numbers its files otherwise in the list, with locking switched off. Undefined where there is no list.
 */
export async function readWrittenFiles(list = '/proc/locks'): Promise<ReadonlySet<string> | undefined> {
  let text: string;
  try {
    const file = await open(list);
    try {
      const buffer = Buffer.alloc(mostBytes);
      let length = 0;
      for (let read = -1; read !== 0 && length < mostBytes; length += read) {
        ({ bytesRead: read } = await file.read(buffer, length, mostBytes - length));
      }
      text = buffer.toString('latin1', 0, length);
    } finally {
      await file.close();
    }
  } catch {
    // No Linux, or hidden: then nothing is known.
    return undefined;
  }
  return new Set(text.split('\n').flatMap((line) => writtenFile(line) ?? []));
}

/** A lock that is held: `12: OFDLCK ADVISORY  READ -1 00:2b:1234 100 101`. A lock that is waited for has an arrow. */
function writtenFile(line: string): string | undefined {
  const held = /^\s*\d+: (?:OFDLCK|POSIX)\s+\S+\s+\S+ -?\d+ ([\da-f]+):([\da-f]+):(\d+) (\d+) (\d+|EOF)\s*$/u.exec(
    line,
  );
  const [, major = '', minor = '', inode = '', start, end] = held ?? [];
  if (held === null || Number(start) > writing || (end !== 'EOF' && Number(end) < writing)) {
    return undefined;
  }
  return `${deviceNumber(parseInt(major, 16), parseInt(minor, 16))}:${inode}`;
}

/** As `stat` tells it. */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x10_0000;
}

// Where the parts of a disk are: GPT, MBR with its logical partitions, or the disk as a whole.
import { type Disk } from '../bytes/disk.js';
import { ntfsMark } from './ntfsLayout.js';

interface DiskPart {
  /** From 1, as the guest numbers it; 0: the disk as a whole, which has no table. */
  readonly number: number;
  readonly start: number;
  readonly bytes: number;
  /** Where the table tells that what begins there may go on elsewhere. */
  readonly type?: 'ldm';
}

const sectorBytes = 512;
const mostParts = 128;
const extendedTypes: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85]);
const protectiveType = 0xee;
/** Dynamic disks of Windows: a volume may have parts on several disks. */
const dynamicType = 0x42;
const dynamicData = 'a0609baf3114624fbc683311714a69ad';
const tableAt = 446;
const entryBytes = 16;

/** One part with the number 0 where there is no table of partitions. Rejects with `DiskError`. */
export async function readParts(disk: Disk): Promise<readonly DiskPart[]> {
  const whole: DiskPart = { number: 0, start: 0, bytes: disk.bytes };
  if (disk.bytes < 2 * sectorBytes) {
    return [whole];
  }
  const first = await disk.read(0, sectorBytes);
  const entries = mbrEntries(first);
  if (entries.length === 0 || isBootSector(first)) {
    return [whole];
  }
  const parts = entries.some(({ type }) => type === protectiveType)
    ? await readGpt(disk)
    : await readMbr(disk, entries);
  const usable = parts.filter(({ start, bytes }) => bytes > 0 && start < disk.bytes);
  return usable.length === 0 ? [whole] : usable;
}

interface MbrEntry {
  readonly index: number;
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
}

function mbrEntries(sector: Buffer): readonly MbrEntry[] {
  if (sector.readUInt16LE(510) !== 0xaa55) {
    return [];
  }
  return [0, 1, 2, 3].flatMap((index) => {
    const at = tableAt + index * entryBytes;
    const [status, type] = [sector.readUInt8(at), sector.readUInt8(at + 4)];
    const [start, sectors] = [sector.readUInt32LE(at + 8), sector.readUInt32LE(at + 12)];
    return type === 0 || sectors === 0 || (status !== 0 && status !== 0x80) ? [] : [{ index, type, start, sectors }];
  });
}

/** A file system over the whole disk has the same mark at its end, and code where the table would be. */
function isBootSector(sector: Buffer): boolean {
  const jump = sector.readUInt8(0);
  const text = sector.toString('latin1', 54, 59) + sector.toString('latin1', 82, 87);
  const isFat = (jump === 0xeb || jump === 0xe9) && /FAT(?:12|16|32)/u.test(text);
  return isFat || sector.toString('latin1', 3, 11) === ntfsMark;
}

async function readMbr(disk: Disk, entries: readonly MbrEntry[]): Promise<readonly DiskPart[]> {
  const parts: DiskPart[] = [];
  for (const { index, type, start, sectors } of entries) {
    if (extendedTypes.has(type)) {
      parts.push(...(await readLogical(disk, start)));
    } else {
      const own = { number: index + 1, start: start * sectorBytes, bytes: sectors * sectorBytes };
      parts.push(type === dynamicType ? { ...own, type: 'ldm' } : own);
    }
  }
  return parts;
}

/** Each logical partition has a table with itself and the place of the next one, counted from the extended one. */
async function readLogical(disk: Disk, extended: number): Promise<readonly DiskPart[]> {
  const parts: DiskPart[] = [];
  let next = extended;
  while (parts.length < mostParts && (next + 1) * sectorBytes <= disk.bytes) {
    const entries = mbrEntries(await disk.read(next * sectorBytes, sectorBytes));
    const own = entries.find(({ type }) => !extendedTypes.has(type));
    if (own !== undefined) {
      const start = (next + own.start) * sectorBytes;
      parts.push({ number: 5 + parts.length, start, bytes: own.sectors * sectorBytes });
    }
    const link = entries.find(({ type }) => extendedTypes.has(type));
    // Forwards alone: a table that leads back would be read for ever.
    if (link === undefined || extended + link.start <= next) {
      break;
    }
    next = extended + link.start;
  }
  return parts;
}

async function readGpt(disk: Disk): Promise<readonly DiskPart[]> {
  const header = await disk.read(sectorBytes, sectorBytes);
  if (header.toString('latin1', 0, 8) !== 'EFI PART') {
    return [];
  }
  const at = Number(header.readBigUInt64LE(72)) * sectorBytes;
  const [count, size] = [Math.min(mostParts, header.readUInt32LE(80)), header.readUInt32LE(84)];
  if (size < 128 || size > 4096 || !Number.isSafeInteger(at) || at + count * size > disk.bytes) {
    return [];
  }
  const table = await disk.read(at, count * size);
  return Array.from({ length: count }, (_, index): DiskPart => {
    const entry = table.subarray(index * size, index * size + size);
    const [first, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
    const isUsed = entry.subarray(0, 16).some((byte) => byte !== 0) && last >= first;
    const bytes = isUsed ? (last - first + 1) * sectorBytes : 0;
    const isDynamic = entry.toString('hex', 0, 16) === dynamicData;
    return { number: index + 1, start: first * sectorBytes, bytes, ...(isDynamic && { type: 'ldm' }) };
  });
}

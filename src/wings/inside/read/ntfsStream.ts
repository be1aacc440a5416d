// The bytes of an attribute of NTFS, such as a file's content: in its record, in runs of clusters, with holes, or
// compressed.
import type { Disk } from '../bytes/disk.js';
import { type ContentPlace, FileSystemError } from './guestFileSystem.js';
import {
  addRuns,
  type Attribute,
  attributeFlags,
  type ClusterRun,
  damagedRecord,
  type NtfsLayout,
} from './ntfsLayout.js';

const lznt1 = 1;
/** Windows has units of 64 KB. */
const largestUnit = 1024 * 1024;

export class NtfsStream {
  readonly bytes: number;
  /** Some of it takes no room on the disk. */
  readonly isSparse: boolean;
  readonly #value: Buffer | undefined;
  readonly #initializedBytes: number;
  readonly #unitClusters: number;
  readonly #runs: ClusterRun[] = [];
  readonly #flags: number;
  /** The cluster behind the last of its runs. */
  #end = 0;

  /** @param parts of one attribute, in the order of their first clusters, without a gap. Throws `FileSystemError` */
  constructor(
    private readonly disk: Disk,
    private readonly layout: NtfsLayout,
    private readonly record: number,
    parts: readonly Attribute[],
  ) {
    const [head] = parts;
    this.#flags = head?.flags ?? 0;
    this.isSparse = (this.#flags & attributeFlags.sparse) !== 0;
    this.#value = head?.value;
    this.bytes = head?.away?.bytes ?? head?.value?.length ?? 0;
    this.#initializedBytes = Math.min(this.bytes, head?.away?.initializedBytes ?? this.bytes);
    this.#unitClusters = head?.away?.unitClusters ?? 1;
    this.extend(parts);
  }

  /** By the parts that stand in a further record. Throws `FileSystemError` */
  extend(parts: readonly Attribute[]): void {
    for (const { away } of parts) {
      if (away !== undefined && away.first !== this.#end) {
        throw damagedRecord(this.record);
      }
      if (away !== undefined) {
        this.#end = addRuns(away.runs, this.#end, this.layout.clusters, this.record, this.#runs);
      }
    }
  }

  /** As many of these bytes as there are. */
  async read(at: number, length: number): Promise<Buffer> {
    if ((this.#flags & attributeFlags.encrypted) !== 0) {
      throw new FileSystemError('encrypted', `record ${this.record}`);
    }
    const bytes = Math.max(0, Math.min(length, this.bytes - at));
    if (bytes === 0 || this.#value !== undefined) {
      return (this.#value ?? Buffer.alloc(0)).subarray(at, at + bytes);
    }
    // What the guest never wrote is zeroes, whatever is in these clusters.
    const written = Math.max(0, Math.min(bytes, this.#initializedBytes - at));
    if (at + written > this.#end * this.layout.clusterBytes) {
      throw damagedRecord(this.record);
    }
    const compression = this.#flags & attributeFlags.compressed;
    if (compression !== 0 && compression !== lznt1) {
      throw new FileSystemError('unsupported', `compression ${compression}`);
    }
    const parts = compression === 0 ? await this.#readRuns(at, written) : await this.#readUnits(at, written);
    return written === bytes && parts.length === 1
      ? (parts[0] ?? Buffer.alloc(0))
      : Buffer.concat([...parts, Buffer.alloc(bytes - written)]);
  }

  #readRuns(at: number, length: number): Promise<Buffer[]> {
    const { clusterBytes } = this.layout;
    return Promise.all(
      this.#runsAt(at, at + length).map((run) => {
        const [start, end] = [run.first * clusterBytes, (run.first + run.count) * clusterBytes];
        const from = Math.max(at, start);
        const bytes = Math.min(at + length, end) - from;
        return run.at === undefined
          ? Promise.resolve(Buffer.alloc(bytes))
          : this.disk.read(run.at * clusterBytes + from - start, bytes);
      }),
    );
  }

  /** As `GuestFileSystem.places`; undefined where its bytes do not stand on the disk as they are read. */
  places(at: number, length: number): readonly ContentPlace[] | undefined {
    const { clusterBytes } = this.layout;
    const changedByReading = attributeFlags.compressed | attributeFlags.encrypted;
    if (this.#value !== undefined || this.#initializedBytes < this.bytes || (this.#flags & changedByReading) !== 0) {
      return undefined;
    }
    const first = Math.floor(at / clusterBytes);
    return this.#runsAt(at, at + length).map((run) => {
      const skip = Math.max(0, first - run.first);
      const bytes = (run.count - skip) * clusterBytes;
      return { bytes, ...(run.at !== undefined && { at: (run.at + skip) * clusterBytes }) };
    });
  }

  async #readUnits(at: number, length: number): Promise<Buffer[]> {
    const unitBytes = this.#unitClusters * this.layout.clusterBytes;
    if (unitBytes > largestUnit) {
      throw damagedRecord(this.record);
    }
    const parts: Buffer[] = [];
    for (let next = at; next < at + length;) {
      const start = Math.floor(next / unitBytes) * unitBytes;
      const end = Math.min(at + length, start + unitBytes);
      parts.push((await this.#unit(start, unitBytes)).subarray(next - start, end - start));
      next = end;
    }
    return parts;
  }

  /** A unit with all its clusters is as it was written; one with some is compressed, and a hole is behind them. */
  async #unit(start: number, unitBytes: number): Promise<Buffer> {
    const { clusterBytes } = this.layout;
    let room = 0;
    for (const run of this.#runsAt(start, start + unitBytes)) {
      if (run.at === undefined) {
        break;
      }
      room = Math.min(unitBytes, (run.first + run.count) * clusterBytes - start);
    }
    const raw = Buffer.concat(await this.#readRuns(start, room));
    const whole = room === 0 ? Buffer.alloc(unitBytes) : room === unitBytes ? raw : decompressLznt1(raw, unitBytes);
    if (whole === undefined) {
      throw damagedRecord(this.record);
    }
    return whole;
  }

  /** The runs that have some of these bytes. They are found by halves: a file may have a hundred thousand. */
  #runsAt(from: number, to: number): readonly ClusterRun[] {
    const { clusterBytes } = this.layout;
    const [first, end] = [Math.floor(from / clusterBytes), Math.ceil(to / clusterBytes)];
    let [low, high] = [0, this.#runs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const run = this.#runs[middle];
      if (run !== undefined && run.first + run.count <= first) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    let last = low;
    while (last < this.#runs.length && (this.#runs[last]?.first ?? end) < end) {
      last += 1;
    }
    return this.#runs.slice(low, last);
  }
}

// The compression of NTFS. https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-xca/5655f4a3-6ba4-489b-959f-e1f407c52f15

const chunkBytes = 4096;

/** As many bytes as asked for, zeroes behind the last; undefined where the input is none of it. */
export function decompressLznt1(input: Buffer, bytes: number): Buffer | undefined {
  const output = Buffer.alloc(bytes);
  let at = 0;
  for (let start = 0; start < bytes && at + 2 <= input.length; start += chunkBytes) {
    const head = input.readUInt16LE(at);
    if (head === 0) {
      break;
    }
    const end = at + 3 + (head & 0xfff);
    const isCompressed = (head & 0x8000) !== 0;
    const chunk = output.subarray(start, start + chunkBytes);
    if (end > input.length) {
      return undefined;
    }
    if (!isCompressed) {
      input.copy(chunk, 0, at + 2, end);
    } else if (!fillChunk(input.subarray(at + 2, end), chunk)) {
      return undefined;
    }
    at = end;
  }
  return output;
}

/** False: a part of it is to be copied from before its beginning, or it has more than its room. */
function fillChunk(input: Buffer, output: Buffer): boolean {
  let [from, to] = [0, 0];
  while (from < input.length) {
    const flags = input.readUInt8(from++);
    for (let bit = 0; bit < 8 && from < input.length; bit++) {
      if (((flags >>> bit) & 1) === 0) {
        if (to >= output.length) {
          return false;
        }
        output.writeUInt8(input.readUInt8(from++), to++);
        continue;
      }
      if (from + 2 > input.length || to === 0) {
        return false;
      }
      // The further the chunk is, the more of the two bytes tell how far back, and the fewer how many.
      const backBits = Math.max(4, 32 - Math.clz32(to - 1));
      const pair = input.readUInt16LE(from);
      const back = (pair >>> (16 - backBits)) + 1;
      const count = (pair & (0xffff >>> backBits)) + 3;
      from += 2;
      if (back > to || to + count > output.length) {
        return false;
      }
      // Byte by byte: it may repeat what it has just written.
      for (const last = to + count; to < last; to++) {
        output.writeUInt8(output.readUInt8(to - back), to);
      }
    }
  }
  return true;
}

// ISO 9660, read only, with the names of Rock Ridge or else of Joliet. https://wiki.osdev.org/ISO_9660
import { type Disk } from '../bytes/disk.js';
import {
  FileSystemError,
  type FolderEntry,
  type GuestFileSystem,
  mostEntries,
  nameOf,
  type NodeFacts,
  type NodeKind,
} from './guestFileSystem.js';
import { addRockRidge, type RockRidge } from './isoRockRidge.js';

const sectorBytes = 2048;
const isoMark = { at: 0x8001, text: 'CD001' } as const;
const [firstDescriptor, mostDescriptors] = [16, 64];
const volumeTypes = { primary: 1, joliet: 2, end: 255 } as const;
const recordFlags = { folder: 0x02, goesOn: 0x80 } as const;
const longestFolder = 64 * 1024 * 1024;
const mostParts = 16;
/** A file of 4 GB has a part more for each. */
const mostExtents = 4096;

interface Extent {
  readonly at: number;
  readonly bytes: number;
}

interface IsoNode {
  readonly facts: NodeFacts;
  readonly extents: readonly Extent[];
  readonly link?: string;
  readonly isCompressed?: true;
}

interface IsoRecord {
  readonly place: number;
  readonly raw: Buffer;
}

/** Undefined where the disk has none. */
export async function openIso(disk: Disk): Promise<GuestFileSystem | undefined> {
  const { at, text } = isoMark;
  if (disk.bytes < at + sectorBytes || (await disk.read(at, text.length)).toString('latin1') !== text) {
    return undefined;
  }
  let [primary, joliet]: (Buffer | undefined)[] = [];
  for (let index = 0; index < mostDescriptors; index++) {
    const raw = await disk.read((firstDescriptor + index) * sectorBytes, sectorBytes);
    const type = raw.readUInt8(0);
    if (type === volumeTypes.end || raw.toString('latin1', 1, 6) !== text) {
      break;
    }
    if (type === volumeTypes.primary) {
      primary ??= raw;
    } else if (type === volumeTypes.joliet && /^%\/[@CE]$/u.test(raw.toString('latin1', 88, 91))) {
      joliet ??= raw;
    }
  }
  if (primary === undefined) {
    throw new FileSystemError('damaged', 'the volume descriptor');
  }
  const plain = new IsoFileSystem(disk, primary, 'plain');
  const hasRockRidge = await plain.hasRockRidge();
  return hasRockRidge || joliet === undefined ? plain : new IsoFileSystem(disk, joliet, 'joliet');
}

class IsoFileSystem implements GuestFileSystem {
  readonly type = 'iso9660';
  readonly journal = 'none';
  readonly label: string;
  readonly root = 0;
  readonly #blockBytes: number;
  /** By the place of their record on the disk: nothing else tells one from another. */
  readonly #nodes = new Map<number, IsoNode>();
  /** How many bytes of the system use area are not for Rock Ridge; undefined where there is none. */
  #skipped: number | undefined;

  constructor(
    private readonly disk: Disk,
    volume: Buffer,
    private readonly names: 'plain' | 'joliet',
  ) {
    this.#blockBytes = volume.readUInt16LE(128);
    if (this.#blockBytes < 512 || this.#blockBytes > sectorBytes || sectorBytes % this.#blockBytes !== 0) {
      throw new FileSystemError('damaged', 'the volume descriptor');
    }
    this.label = this.#text(volume.subarray(40, 72)).trimEnd();
    this.#nodes.set(this.root, this.#node({ place: 0, raw: volume.subarray(156, 190) }, {}));
  }

  /** Reads its root: what all records have is told by the first one. */
  async hasRockRidge(): Promise<boolean> {
    const first = await this.#folder(this.#requireNode(this.root)).next();
    const area = first.done === true ? undefined : first.value.raw.subarray(34);
    if (area !== undefined && area.length >= 7 && area.toString('latin1', 0, 2) === 'SP') {
      this.#skipped = area.readUInt8(6);
    }
    return this.#skipped !== undefined;
  }

  facts(node: number): Promise<NodeFacts> {
    return Promise.resolve(this.#requireNode(node).facts);
  }

  readLink(node: number): Promise<string> {
    const { link } = this.#requireNode(node);
    return link === undefined
      ? Promise.reject(new FileSystemError('damaged', `record ${node}`))
      : Promise.resolve(link);
  }

  async list(node: number): Promise<readonly FolderEntry[]> {
    const folder = this.#requireNode(node);
    if (folder.facts.kind !== 'folder') {
      throw new FileSystemError('notAFolder', `record ${node}`);
    }
    const entries: FolderEntry[] = [];
    let before: Extent[] = [];
    for await (const record of this.#folder(folder)) {
      const { raw, place } = record;
      const name = raw.subarray(33, 33 + raw.readUInt8(32));
      // The folder itself, and the one above.
      if (name.length === 1 && name.readUInt8(0) <= 1) {
        continue;
      }
      if ((raw.readUInt8(25) & recordFlags.goesOn) !== 0) {
        before.push(this.#extentOf(raw));
        if (before.length > mostExtents) {
          throw new FileSystemError('damaged', `record ${node}`);
        }
        continue;
      }
      const rock = await this.#rockRidge(raw);
      if (rock.isMoved !== true) {
        if (entries.length >= mostEntries) {
          throw new FileSystemError('tooLarge', `record ${node}`);
        }
        const known = this.#node(record, rock, before);
        this.#nodes.set(place, known);
        entries.push({ name: nameOf(rock.name ?? this.#plainName(name)), node: place, kind: known.facts.kind });
      }
      before = [];
    }
    return entries;
  }

  async read(node: number, at: number, length: number): Promise<Buffer> {
    const { facts, extents, isCompressed } = this.#requireNode(node);
    if (facts.kind !== 'file') {
      throw new FileSystemError(facts.kind === 'folder' ? 'isAFolder' : 'notAFile', `record ${node}`);
    }
    if (isCompressed === true) {
      throw new FileSystemError('unsupported', 'zisofs');
    }
    const end = Math.min(facts.bytes, at + length);
    const parts: Buffer[] = [];
    let start = 0;
    for (const extent of extents) {
      const [from, to] = [Math.max(at, start), Math.min(end, start + extent.bytes)];
      if (from < to) {
        parts.push(await this.disk.read(extent.at + from - start, to - from));
      }
      start += extent.bytes;
    }
    return Buffer.concat(parts);
  }

  #requireNode(node: number): IsoNode {
    const known = this.#nodes.get(node);
    if (known === undefined) {
      throw new FileSystemError('notFound', `record ${node}`);
    }
    return known;
  }

  async *#folder({ extents: [extent] }: IsoNode): AsyncGenerator<IsoRecord> {
    let { at: place = 0, bytes = 0 } = extent ?? {};
    if (bytes === 0 && place > 0) {
      // One that lies elsewhere: its first record is about itself.
      bytes = (await this.disk.read(place, sectorBytes)).readUInt32LE(10);
    }
    if (bytes > longestFolder) {
      throw new FileSystemError('tooLarge', `record ${place}`);
    }
    for (const end = place + bytes; place < end; place += sectorBytes) {
      const sector = await this.disk.read(place, Math.min(sectorBytes, end - place));
      for (let at = 0; at < sector.length && sector.readUInt8(at) !== 0;) {
        const length = sector.readUInt8(at);
        if (length < 34 || at + length > sector.length || 33 + sector.readUInt8(at + 32) > length) {
          throw new FileSystemError('damaged', `record ${place + at}`);
        }
        yield { place: place + at, raw: sector.subarray(at, at + length) };
        at += length;
      }
    }
  }

  async #rockRidge(raw: Buffer): Promise<RockRidge> {
    const rock: RockRidge = {};
    if (this.#skipped !== undefined) {
      const nameBytes = raw.readUInt8(32);
      addRockRidge(raw.subarray(33 + nameBytes + (1 - (nameBytes % 2)) + this.#skipped), rock);
      for (let part = 0; part < mostParts && rock.more !== undefined; part++) {
        const { block, at, bytes } = rock.more;
        addRockRidge(await this.disk.read(block * this.#blockBytes + at, Math.min(bytes, sectorBytes)), rock);
      }
    }
    return rock;
  }

  #extentOf(raw: Buffer): Extent {
    return { at: (raw.readUInt32LE(2) + raw.readUInt8(1)) * this.#blockBytes, bytes: raw.readUInt32LE(10) };
  }

  #node({ raw }: IsoRecord, rock: RockRidge, before: readonly Extent[] = []): IsoNode {
    const { link, mode, links, uid, gid, movedTo, isCompressed } = rock;
    const extents =
      movedTo === undefined ? [...before, this.#extentOf(raw)] : [{ at: movedTo * this.#blockBytes, bytes: 0 }];
    const isFolder = movedTo !== undefined || (raw.readUInt8(25) & recordFlags.folder) !== 0;
    const kind: NodeKind =
      link !== undefined ? 'link' : isFolder ? 'folder' : mode !== undefined && mode >>> 12 !== 8 ? 'other' : 'file';
    const bytes = kind === 'file' ? extents.reduce((sum, extent) => sum + extent.bytes, 0) : 0;
    const own = mode === undefined ? {} : { mode, ...(links !== undefined && { links, uid, gid }) };
    return {
      facts: { kind, bytes, ...(own as Partial<NodeFacts>), modifiedAt: timeOf(rock.modified ?? raw.subarray(18, 25)) },
      extents,
      ...(link !== undefined && { link }),
      ...(isCompressed && { isCompressed }),
    };
  }

  #plainName(name: Buffer): Buffer {
    return Buffer.from(this.#text(name).replace(/\.?;\d+$/u, ''), 'utf8');
  }

  #text(bytes: Buffer): string {
    return this.names === 'plain'
      ? bytes.toString('latin1')
      : Buffer.from(bytes.subarray(0, bytes.length & ~1))
          .swap16()
          .toString('utf16le');
  }
}

/** Years since 1900 to seconds, and how far from UTC in quarters of an hour. */
function timeOf(raw: Buffer): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = raw;
  return Date.UTC(1900 + year, month - 1, day, hour, minute, second) - raw.readInt8(6) * 15 * 60_000;
}

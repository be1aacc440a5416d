// FAT12, FAT16 and FAT32 with long names, read only: boot partitions, sticks and floppies.
// https://en.wikipedia.org/wiki/Design_of_the_FAT_file_system
import type { Disk } from '../bytes/disk.js';
import {
  type ContentPlace,
  FileSystemError,
  type FolderEntry,
  type GuestFileSystem,
  mostEntries,
  nameOf,
  type NodeFacts,
} from './guestFileSystem.js';

const entryBytes = 32;
const attributes = { label: 0x08, folder: 0x10, longName: 0x0f } as const;
/** A folder has at most 65,536 entries. */
const longestFolder = 65_536 * entryBytes;
const mostClusters = 0x0ffffff5;

interface FatLayout {
  readonly bits: 12 | 16 | 32;
  readonly label: string;
  readonly clusterBytes: number;
  readonly clusters: number;
  readonly fatAt: number;
  /** Where cluster 2 begins. */
  readonly dataAt: number;
  /** The root folder: at a fixed place in FAT12 and FAT16; in FAT32, its first cluster. */
  readonly root: { readonly at: number; readonly bytes: number } | { readonly cluster: number };
}

/** Undefined where the disk has none. */
export async function openFat(disk: Disk): Promise<GuestFileSystem | undefined> {
  const layout = disk.bytes < 512 ? undefined : layoutOf(await disk.read(0, 512), disk);
  return layout && new FatFileSystem(disk, layout);
}

function layoutOf(boot: Buffer, disk: Disk): FatLayout | undefined {
  const [sectorBytes, perCluster] = [boot.readUInt16LE(11), boot.readUInt8(13)];
  const [reserved, tables, rootEntries] = [boot.readUInt16LE(14), boot.readUInt8(16), boot.readUInt16LE(17)];
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const tableSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36);
  const isPower = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;
  const isFat =
    (boot.readUInt8(0) === 0xeb || boot.readUInt8(0) === 0xe9) &&
    boot.readUInt16LE(510) === 0xaa55 &&
    isPower(sectorBytes) &&
    sectorBytes >= 512 &&
    sectorBytes <= 4096 &&
    isPower(perCluster) &&
    reserved > 0 &&
    (tables === 1 || tables === 2) &&
    tableSectors > 0;
  if (!isFat) {
    return undefined;
  }
  const rootSectors = Math.ceil((rootEntries * entryBytes) / sectorBytes);
  const rootAt = (reserved + tables * tableSectors) * sectorBytes;
  const dataAt = rootAt + rootSectors * sectorBytes;
  const clusters = Math.floor((sectors - dataAt / sectorBytes) / perCluster);
  if (clusters < 1 || clusters > mostClusters || dataAt >= disk.bytes) {
    throw new FileSystemError('damaged', 'the boot sector');
  }
  const bits = clusters < 4085 ? 12 : clusters < 65_525 ? 16 : 32;
  return {
    bits,
    label: boot.toString('latin1', bits === 32 ? 71 : 43, bits === 32 ? 82 : 54).trim(),
    clusterBytes: sectorBytes * perCluster,
    clusters,
    fatAt: reserved * sectorBytes,
    dataAt,
    root: bits === 32 ? { cluster: boot.readUInt32LE(44) } : { at: rootAt, bytes: rootEntries * entryBytes },
  };
}

interface FatNode extends NodeFacts {
  /** 0: it has no content. */
  readonly cluster: number;
}

const rootNode = 0;

class FatFileSystem implements GuestFileSystem {
  readonly type = 'vfat';
  readonly journal = 'none';
  readonly label: string;
  readonly root = rootNode;
  /** By the place of their entry on the disk: nothing else tells one from another. */
  readonly #nodes = new Map<number, FatNode>();

  constructor(
    private readonly disk: Disk,
    private readonly layout: FatLayout,
  ) {
    this.label = layout.label === 'NO NAME' ? '' : layout.label;
    const cluster = 'cluster' in layout.root ? layout.root.cluster : 0;
    this.#nodes.set(rootNode, { kind: 'folder', bytes: 0, modifiedAt: 0, cluster });
  }

  facts(node: number): Promise<NodeFacts> {
    const { cluster: _, ...facts } = this.#node(node);
    return Promise.resolve(facts);
  }

  readLink(node: number): Promise<string> {
    return Promise.reject(new FileSystemError('damaged', `entry ${node}`));
  }

  async list(node: number): Promise<readonly FolderEntry[]> {
    const folder = this.#node(node);
    if (folder.kind !== 'folder') {
      throw new FileSystemError('notAFolder', `entry ${node}`);
    }
    const entries: FolderEntry[] = [];
    let long = new LongName();
    for await (const { at, raw } of this.#folderEntries(node, folder)) {
      const [first, attribute] = [raw.readUInt8(0), raw.readUInt8(11)];
      if (first === 0) {
        break;
      }
      if (first !== 0xe5 && (attribute & 0x3f) === attributes.longName) {
        long.add(raw);
        continue;
      }
      const name = long.nameFor(raw) ?? shortName(raw);
      long = new LongName();
      if (first === 0xe5 || (attribute & attributes.label) !== 0 || first === 0x2e) {
        continue;
      }
      if (entries.length >= mostEntries) {
        throw new FileSystemError('tooLarge', `entry ${node}`);
      }
      const known = nodeOf(raw, this.layout.bits);
      this.#nodes.set(at, known);
      entries.push({ name, node: at, kind: known.kind });
    }
    return entries;
  }

  async read(node: number, at: number, length: number): Promise<Buffer> {
    const { kind, bytes, cluster } = this.#node(node);
    if (kind !== 'file') {
      throw new FileSystemError('isAFolder', `entry ${node}`);
    }
    const end = Math.min(bytes, at + length);
    if (end <= at) {
      return Buffer.alloc(0);
    }
    const { clusterBytes } = this.layout;
    const [first, last] = [Math.floor(at / clusterBytes), Math.floor((end - 1) / clusterBytes)];
    const chain = await this.#chain(cluster, last + 1);
    if (chain.length <= last) {
      throw new FileSystemError('damaged', `entry ${node}`);
    }
    const parts = await Promise.all(chain.slice(first, last + 1).map((one) => this.#cluster(one)));
    return Buffer.concat(parts).subarray(at - first * clusterBytes, end - first * clusterBytes);
  }

  async places(node: number, at: number, length: number): Promise<readonly ContentPlace[]> {
    const { clusterBytes } = this.layout;
    const chain = await this.#chain(this.#node(node).cluster, Math.ceil((at + length) / clusterBytes));
    return chain
      .slice(Math.floor(at / clusterBytes))
      .map((cluster) => ({ at: this.#clusterAt(cluster), bytes: clusterBytes }));
  }

  #node(node: number): FatNode {
    const known = this.#nodes.get(node);
    if (known === undefined) {
      throw new FileSystemError('notFound', `entry ${node}`);
    }
    return known;
  }

  async *#folderEntries(node: number, { cluster }: FatNode): AsyncGenerator<{ at: number; raw: Buffer }> {
    const { root, clusterBytes } = this.layout;
    const places =
      node === rootNode && 'at' in root
        ? [root]
        : (await this.#chain(cluster, Math.ceil(longestFolder / clusterBytes))).map((one) => ({
            at: this.#clusterAt(one),
            bytes: clusterBytes,
          }));
    for (const { at, bytes } of places) {
      const block = await this.disk.read(at, bytes);
      for (let from = 0; from + entryBytes <= block.length; from += entryBytes) {
        yield { at: at + from, raw: block.subarray(from, from + entryBytes) };
      }
    }
  }

  #cluster(cluster: number): Promise<Buffer> {
    return this.disk.read(this.#clusterAt(cluster), this.layout.clusterBytes);
  }

  #clusterAt(cluster: number): number {
    return this.layout.dataAt + (cluster - 2) * this.layout.clusterBytes;
  }

  /** At most as many as are asked for; a chain that leads back is longer than the file system. */
  async #chain(first: number, most: number): Promise<readonly number[]> {
    const chain: number[] = [];
    const { clusters } = this.layout;
    for (let cluster = first; cluster >= 2 && cluster < clusters + 2; cluster = await this.#next(cluster)) {
      if (chain.length >= most) {
        break;
      }
      if (chain.length > clusters) {
        throw new FileSystemError('damaged', `cluster ${first}`);
      }
      chain.push(cluster);
    }
    return chain;
  }

  async #next(cluster: number): Promise<number> {
    const { bits, fatAt } = this.layout;
    if (bits === 32) {
      return (await this.disk.read(fatAt + cluster * 4, 4)).readUInt32LE(0) & 0x0fffffff;
    }
    if (bits === 16) {
      return (await this.disk.read(fatAt + cluster * 2, 2)).readUInt16LE(0);
    }
    const pair = (await this.disk.read(fatAt + Math.floor(cluster * 1.5), 2)).readUInt16LE(0);
    return cluster % 2 === 0 ? pair & 0xfff : pair >>> 4;
  }
}

function nodeOf(raw: Buffer, bits: FatLayout['bits']): FatNode {
  const isFolder = (raw.readUInt8(11) & attributes.folder) !== 0;
  return {
    kind: isFolder ? 'folder' : 'file',
    bytes: isFolder ? 0 : raw.readUInt32LE(28),
    modifiedAt: timeOf(raw.readUInt16LE(24), raw.readUInt16LE(22)),
    cluster: raw.readUInt16LE(26) + (bits === 32 ? raw.readUInt16LE(20) * 65_536 : 0),
  };
}

/** Reads a time of the guest's own time zone, which is recorded nowhere: it counts as UTC. */
function timeOf(date: number, time: number): number {
  return Date.UTC(
    1980 + (date >>> 9),
    ((date >>> 5) & 0xf) - 1,
    date & 0x1f,
    time >>> 11,
    (time >>> 5) & 0x3f,
    (time & 0x1f) * 2,
  );
}

// Names of FAT: eleven bytes, and the pieces of long ones.

function shortName(raw: Buffer): string {
  const bytes = Buffer.from(raw.subarray(0, 11));
  if (bytes[0] === 0x05) {
    bytes[0] = 0xe5;
  }
  const lower = raw.readUInt8(12);
  const part = (from: number, to: number, isLower: boolean): string => {
    const text = nameOf(Buffer.from(bytes.toString('latin1', from, to).trimEnd(), 'utf8'));
    return isLower ? text.toLowerCase() : text;
  };
  const [name, extension] = [part(0, 8, (lower & 0x08) !== 0), part(8, 11, (lower & 0x10) !== 0)];
  return extension === '' ? name : `${name}.${extension}`;
}

/** The pieces of a long name stand before the entry with the short one, the last piece first. */
class LongName {
  readonly #pieces: string[] = [];
  #sum: number | undefined;
  #next = 0;

  add(raw: Buffer): void {
    const order = raw.readUInt8(0);
    const number = order & 0x1f;
    if ((order & 0x40) !== 0) {
      this.#pieces.length = 0;
      this.#next = number;
      this.#sum = raw.readUInt8(13);
    }
    if (number !== this.#next || number === 0 || raw.readUInt8(13) !== this.#sum) {
      this.#sum = undefined;
      return;
    }
    this.#next -= 1;
    this.#pieces.unshift(
      raw.toString('utf16le', 1, 11) + raw.toString('utf16le', 14, 26) + raw.toString('utf16le', 28, 32),
    );
  }

  /** Undefined where there is none, or it belongs to another entry. */
  nameFor(short: Buffer): string | undefined {
    if (this.#next !== 0 || this.#sum === undefined || this.#pieces.length === 0 || this.#sum !== sumOf(short)) {
      return undefined;
    }
    const text = this.#pieces.join('');
    const end = text.indexOf('\0');
    return nameOf(Buffer.from(end < 0 ? text : text.slice(0, end), 'utf8'));
  }
}

function sumOf(short: Buffer): number {
  return short.subarray(0, 11).reduce((sum, byte) => (((sum & 1) << 7) + (sum >>> 1) + byte) & 0xff, 0);
}

// NTFS, read only. Its log is not carried out: a volume is as after a power cut, before Windows has checked it.
import type { Disk } from '../bytes/disk.js';
import {
  type ContentPlace,
  FileSystemError,
  type FolderEntry,
  type GuestFileSystem,
  type NodeFacts,
} from './guestFileSystem.js';
import { listFolder, nodeOf } from './ntfsFolder.js';
import { attributeTypes, damagedRecord, type FileRecord, readNtfsLayout } from './ntfsLayout.js';
import type { NtfsStream } from './ntfsStream.js';
import { NtfsTable } from './ntfsTable.js';

const records = { log: 2, volume: 3, root: 5 } as const;
const dosName = 2;
/** Windows allows 16 KB. */
const longestReparse = 16 * 1024;
/** A file is read piece by piece: where its pieces are is found once. */
const mostOpen = 16;

/** Undefined where the disk has none. */
export async function openNtfs(disk: Disk): Promise<GuestFileSystem | undefined> {
  const layout = await readNtfsLayout(disk);
  if (layout === undefined) {
    return undefined;
  }
  const table = await NtfsTable.open(disk, layout);
  const label = table.value(await table.record(records.volume), attributeTypes.volumeName);
  const { sequence } = await table.record(records.root);
  const journal = await logState(table);
  return new NtfsFileSystem(table, label?.toString('utf16le') ?? '', nodeOf(records.root, sequence), journal);
}

const noClient = 0xffff;
const volumeIsClean = 2;

/** Reads the newer of the two pages at the head of the log, which tells whether it was closed. */
async function logState(table: NtfsTable): Promise<'clean' | 'notReplayed'> {
  const log = table.stream(await table.record(records.log), attributeTypes.data);
  const pages = await log?.read(0, 2 * 4096);
  let [newest, state]: [bigint, 'clean' | 'notReplayed'] = [-1n, 'clean'];
  for (const at of [0, 4096]) {
    const page = pages?.subarray(at, at + 4096);
    if (page?.length !== 4096 || page.toString('latin1', 0, 4) !== 'RSTR') {
      continue;
    }
    const area = page.readUInt16LE(24);
    // Where it crosses the end of a sector it would need its fixups.
    if (area + 16 <= 510 && page.readBigUInt64LE(area) > newest) {
      newest = page.readBigUInt64LE(area);
      const isClosed =
        page.readUInt16LE(area + 12) === noClient || (page.readUInt16LE(area + 14) & volumeIsClean) !== 0;
      state = isClosed ? 'clean' : 'notReplayed';
    }
  }
  return state;
}

interface OpenNode {
  readonly record: FileRecord;
  readonly facts: NodeFacts;
  readonly content?: NtfsStream;
  readonly reparse?: ReparsePoint;
}

class NtfsFileSystem implements GuestFileSystem {
  readonly type = 'ntfs';
  readonly #open = new Map<number, Promise<OpenNode>>();
  #drive: Promise<'system' | 'other'> | undefined;

  constructor(
    private readonly table: NtfsTable,
    readonly label: string,
    readonly root: number,
    readonly journal: GuestFileSystem['journal'],
  ) {}

  async facts(node: number): Promise<NodeFacts> {
    return (await this.#node(node)).facts;
  }

  async list(node: number): Promise<readonly FolderEntry[]> {
    const { record, facts } = await this.#node(node);
    if (facts.kind !== 'folder') {
      throw new FileSystemError('notAFolder', `record ${record.number}`);
    }
    return listFolder(this.table, record);
  }

  async readLink(node: number): Promise<string> {
    const { reparse, record } = await this.#node(node);
    if (reparse?.kind !== 'link') {
      throw damagedRecord(record.number);
    }
    return reparse.to;
  }

  async read(node: number, at: number, length: number): Promise<Buffer> {
    const { record, facts, content, reparse } = await this.#node(node);
    if (facts.kind !== 'file') {
      throw new FileSystemError(facts.kind === 'folder' ? 'isAFolder' : 'notAFile', `record ${record.number}`);
    }
    // Content that is in the cloud, in another stream or shared with other files has holes in its place here.
    if (reparse?.kind === 'other' && content?.isSparse === true) {
      throw new FileSystemError('unsupported', `reparse point ${reparse.tag.toString(16)}`);
    }
    return content === undefined ? Buffer.alloc(0) : content.read(at, length);
  }

  async places(node: number, at: number, length: number): Promise<readonly ContentPlace[] | undefined> {
    return (await this.#node(node)).content?.places(at, length);
  }

  #node(node: number): Promise<OpenNode> {
    const known = this.#open.get(node) ?? this.#read(node);
    this.#open.delete(node);
    this.#open.set(node, known);
    known.catch(() => this.#open.delete(node));
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= mostOpen) {
        break;
      }
      this.#open.delete(oldest);
    }
    return known;
  }

  async #read(node: number): Promise<OpenNode> {
    const [number, sequence] = [node % 2 ** 32, Math.floor(node / 2 ** 32)];
    const record = await this.table.record(number);
    if (sequence !== 0 && record.sequence !== sequence) {
      throw damagedRecord(number);
    }
    const standard = this.table.value(record, attributeTypes.standard);
    if (standard === undefined || standard.length < 36) {
      throw damagedRecord(number);
    }
    const content = record.isFolder ? undefined : this.table.stream(record, attributeTypes.data);
    const reparse = await this.#reparse(record);
    const kind = reparse?.kind === 'link' ? 'link' : record.isFolder ? 'folder' : 'file';
    const facts: NodeFacts = {
      kind,
      bytes: kind === 'file' ? (content?.bytes ?? 0) : 0,
      links: record.attributes.filter(({ type, value }) => type === attributeTypes.fileName && value?.[65] !== dosName)
        .length,
      modifiedAt: timeOf(standard.readBigUInt64LE(8)),
    };
    return { record, facts, ...(content && { content }), ...(reparse && { reparse }) };
  }

  async #reparse(record: FileRecord): Promise<ReparsePoint | undefined> {
    const stream = this.table.stream(record, attributeTypes.reparse);
    if (stream === undefined || record.number === records.root) {
      return undefined;
    }
    const point = parseReparse(await stream.read(0, longestReparse), await (this.#drive ??= driveOf(this)));
    if (point === undefined) {
      throw damagedRecord(record.number);
    }
    return point;
  }
}

/** From 100 ns since 1601. */
function timeOf(ticks: bigint): number {
  return Number(ticks / 10_000n) - 11_644_473_600_000;
}

// Where links of Windows lead: symbolic links, junctions, and those of the Linux subsystem.

const tags = { junction: 0xa0000003, link: 0xa000000c, linux: 0xa000001d } as const;
const isRelative = 1;

/** What stands in place of a file's content, by its kind. Undefined where the attribute is none. */
type ReparsePoint = { readonly kind: 'link'; readonly to: string } | { readonly kind: 'other'; tag: number };

/** @param drive whether the file system is the drive C: of the guest */
export function parseReparse(raw: Buffer, drive: 'system' | 'other'): ReparsePoint | undefined {
  if (raw.length < 8) {
    return undefined;
  }
  const tag = raw.readUInt32LE(0);
  if (tag === tags.linux) {
    return { kind: 'link', to: raw.toString('utf8', 12, 8 + raw.readUInt16LE(4)) };
  }
  if (tag !== tags.link && tag !== tags.junction) {
    return { kind: 'other', tag };
  }
  const textAt = tag === tags.link ? 20 : 16;
  if (raw.length < textAt) {
    return undefined;
  }
  const from = textAt + raw.readUInt16LE(8);
  const path = raw.toString('utf16le', from, from + raw.readUInt16LE(10)).replaceAll('\\', '/');
  const isFromRoot = tag === tags.junction || (raw.readUInt32LE(16) & isRelative) === 0;
  return { kind: 'link', to: isFromRoot ? pathFromRoot(path, drive) : path };
}

/** `/??/C:/Users` is `/Users` of the system's drive. Nothing here tells which file system another letter means. */
function pathFromRoot(path: string, drive: 'system' | 'other'): string {
  const plain = path.replace(/^\/\?\?\//u, '');
  return drive === 'system' && /^C:\//iu.test(plain) ? plain.slice(2) : plain;
}

/** What only the drive of Windows has. */
async function driveOf(system: GuestFileSystem): Promise<'system' | 'other'> {
  return (await system.list(system.root)).some(({ name }) => name.toLowerCase() === 'windows') ? 'system' : 'other';
}

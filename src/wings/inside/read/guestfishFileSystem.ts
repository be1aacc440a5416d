// A file system that guestfish has mounted. Paths are bytes, one character for each: nodes are known by them alone.
import { type Guestfish, GuestfishFault } from '../bytes/guestfish.js';
import { commandLine, type GuestfishStat, nameLists, parseNames, parseStats } from '../bytes/guestfishWords.js';
import {
  FileSystemError,
  type FolderEntry,
  type GuestFileSystem,
  mostEntries,
  nameOf,
  type NodeFacts,
  type NodeKind,
} from './guestFileSystem.js';

export interface MountedVolume {
  readonly fish: Guestfish;
  /** Where it is mounted, without a slash at its end. */
  readonly path: string;
}

/** The most bytes of the names in one folder: a name has at most 255 bytes. */
const mostNameBytes = mostEntries * 256;
const longestPiece = 16 * 1024 * 1024;
/** All that were listed: no walk of a person needs more. */
const mostNodes = 4_000_000;
const mostKnownStats = 400_000;
const mostKnownFolders = 1_000;

const kinds: ReadonlyMap<number, NodeKind> = new Map([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'link'],
]);

function kindOf(stat: GuestfishStat): NodeKind {
  return kinds.get((stat.get('mode') ?? 0) & 0o170000) ?? 'other';
}

export class GuestfishFileSystem implements GuestFileSystem {
  readonly journal = 'clean';
  readonly root = 0;
  readonly #paths = [''];
  readonly #nodes = new Map([['', 0]]);
  readonly #stats = new Map<number, GuestfishStat>();
  readonly #folders = new Map<number, readonly FolderEntry[]>();
  #mounted: Promise<MountedVolume> | undefined;

  /** @param mount asked for at the first look, and again where it failed */
  constructor(
    readonly type: string,
    readonly label: string,
    private readonly mount: () => Promise<MountedVolume>,
  ) {}

  async facts(node: number): Promise<NodeFacts> {
    const stat = await this.#stat(node);
    const of = (key: string, otherwise = 0): number => stat.get(key) ?? otherwise;
    return {
      kind: kindOf(stat),
      bytes: of('size'),
      mode: of('mode'),
      uid: of('uid'),
      gid: of('gid'),
      links: of('nlink', 1),
      modifiedAt: of('mtime_sec') * 1000 + Math.floor(of('mtime_nsec') / 1e6),
    };
  }

  async writeMark(node: number): Promise<string> {
    const stat = await this.#stat(node);
    return ['ino', 'size', 'mtime_sec', 'mtime_nsec', 'ctime_sec', 'ctime_nsec'].map((key) => stat.get(key)).join();
  }

  async list(node: number): Promise<readonly FolderEntry[]> {
    const known = this.#folders.get(node);
    if (known !== undefined) {
      return known;
    }
    if ((await this.facts(node)).kind !== 'folder') {
      throw new FileSystemError('notAFolder', this.#pathText(node));
    }
    const entries = await this.#at(node, async ({ fish }, path) => {
      const names = parseNames(await fish.runToFile('ls0', (file) => [path, file], mostNameBytes));
      const stats: GuestfishStat[] = [];
      for (const part of nameLists(names, (commandLine('-lstatnslist', [path])?.length ?? 0) + 3)) {
        stats.push(...parseStats(await fish.run('lstatnslist', path, part)));
      }
      return names.map((name, index): FolderEntry => {
        const own = this.#nodeAt(`${this.#paths[node] ?? ''}/${name}`);
        return { name: nameOf(Buffer.from(name, 'latin1')), node: own, kind: kindOf(this.#know(own, stats[index])) };
      });
    });
    remember(this.#folders, node, entries, mostKnownFolders);
    return entries;
  }

  async readLink(node: number): Promise<string> {
    const target = await this.#at(node, ({ fish }, path) => fish.run('readlink', path));
    return Buffer.from(target.slice(0, -1), 'latin1').toString('utf8');
  }

  async read(node: number, at: number, length: number): Promise<Buffer> {
    const { kind, bytes } = await this.facts(node);
    if (kind !== 'file') {
      throw new FileSystemError(kind === 'folder' ? 'isAFolder' : 'notAFile', this.#pathText(node));
    }
    const pieces: Buffer[] = [];
    for (const end = Math.min(bytes, at + length); at < end; at += longestPiece) {
      const size = Math.min(longestPiece, end - at);
      const words = (path: string) => (file: string) => [path, file, at, size];
      const piece = await this.#at(node, ({ fish }, path) => fish.runToFile('download-offset', words(path), size));
      if (piece.length < size) {
        throw new FileSystemError('damaged', this.#pathText(node));
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  #pathText(node: number): string {
    return Buffer.from(this.#paths[node] ?? '', 'latin1').toString('utf8');
  }

  #nodeAt(path: string): number {
    const known = this.#nodes.get(path);
    if (known !== undefined) {
      return known;
    }
    const node = this.#paths.length;
    if (node >= mostNodes) {
      throw new FileSystemError('tooLarge', '/');
    }
    this.#paths.push(path);
    this.#nodes.set(path, node);
    return node;
  }

  async #stat(node: number): Promise<GuestfishStat> {
    const known = this.#stats.get(node);
    if (known !== undefined) {
      return known;
    }
    const [stat] = await this.#at(node, async ({ fish }, path) => parseStats(await fish.run('lstatns', path)));
    return this.#know(node, stat);
  }

  #know(node: number, stat: GuestfishStat | undefined): GuestfishStat {
    // A name that its folder lists and that is not there has -1.
    if (stat === undefined || !Number.isSafeInteger(stat.get('size')) || (stat.get('ino') ?? -1) < 0) {
      throw new FileSystemError('damaged', this.#pathText(node));
    }
    remember(this.#stats, node, stat, mostKnownStats);
    return stat;
  }

  async #at<T>(node: number, act: (mounted: MountedVolume, path: string) => Promise<T>): Promise<T> {
    this.#mounted ??= this.mount();
    const mounted = await this.#mounted.catch((error: unknown) => {
      this.#mounted = undefined;
      throw error;
    });
    try {
      return await act(mounted, `${mounted.path}${this.#paths[node] ?? ''}`);
    } catch (error) {
      throw error instanceof GuestfishFault
        ? new FileSystemError('damaged', `${this.#pathText(node)}: ${error.message}`)
        : error;
    }
  }
}

/** The oldest goes where there are too many. */
function remember<T>(all: Map<number, T>, node: number, value: T, most: number): void {
  all.delete(node);
  all.set(node, value);
  const [oldest] = all.keys();
  if (all.size > most && oldest !== undefined) {
    all.delete(oldest);
  }
}

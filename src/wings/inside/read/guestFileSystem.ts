// What a file system of a guest is for its readers: nodes by number, folders, links and bytes. Each kind of file system
// has a file of its own beside this one.

export type NodeKind = 'file' | 'folder' | 'link' | 'other';

export interface FolderEntry {
  /** As `nameOf` writes it: no slash, no control character of it is lost. */
  readonly name: string;
  readonly node: number;
  /** As the folder says; absent where only the node says so. */
  readonly kind?: NodeKind;
}

export interface NodeFacts {
  readonly kind: NodeKind;
  readonly bytes: number;
  /** Permissions and kind, as `st_mode`; absent where the file system has none. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** How many names it has. */
  readonly links?: number;
  /** Milliseconds since 1970, by the guest's clock. */
  readonly modifiedAt: number;
}

/** Some bytes of a file that stand behind each other. */
export interface ContentPlace {
  readonly bytes: number;
  /** From the start of the file system; absent: a hole. */
  readonly at?: number;
}

export interface GuestFileSystem {
  /** As `mount` calls it: ext4, vfat, … */
  readonly type: string;
  readonly label: string;
  /**
   * `replayed`: its journal had changes that were not in their places; they are read as if they were. `notReplayed`: it
   * may have some, and they are not read.
   */
  readonly journal: 'none' | 'clean' | 'replayed' | 'notReplayed';
  readonly root: number;
  /** Every method rejects with `FileSystemError` where the file system is not what it says. */
  facts(node: number): Promise<NodeFacts>;
  list(node: number): Promise<readonly FolderEntry[]>;
  readLink(node: number): Promise<string>;
  /** As many of these bytes as the file has. */
  read(node: number, at: number, length: number): Promise<Buffer>;
  /**
   * Where these bytes of a file stand, without a gap, from the start of the block that `at` is in. Absent, and
   * undefined: nobody knows.
   */
  places?(node: number, at: number, length: number): Promise<readonly ContentPlace[] | undefined>;
  /** Two states of a file with one mark have the same content, as far as the guest's kernel kept the times. */
  writeMark?(node: number): Promise<string>;
}

/** Why a file system cannot be read on. */
export type FileSystemFault =
  /** What it says of itself cannot be. */
  | 'damaged'
  /** It needs what is not understood here. */
  | 'unsupported'
  /** Its content is encrypted by the guest. */
  | 'encrypted'
  | 'notFound'
  | 'notAFolder'
  | 'isAFolder'
  | 'notAFile'
  /** Links that lead in a circle. */
  | 'tooManyLinks'
  /** A folder with more names than can be told. */
  | 'tooLarge'
  /** guestfish reads it, and is not installed. */
  | 'noGuestfish'
  /** guestfish reads it, and did not start; the detail is why. */
  | 'notStarted';

export class FileSystemError extends Error {
  override readonly name = 'FileSystemError';

  /** @param detail a path, or a feature; for the log where it is anything else */
  constructor(
    readonly fault: FileSystemFault,
    readonly detail: string,
  ) {
    super(`${fault}: ${detail}`);
  }
}

/** A folder of more names is none that a person reads. */
export const mostEntries = 200_000;

const notText = /[\p{Cc}/\uFFFD]/u;

/**
 * A name as text. Bytes that are no UTF-8, control characters, slashes and the names `.` and `..`, which only a damaged
 * or hostile file system has, stand as `\xNN`.
 */
export function nameOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const isStep = text === '.' || text === '..';
  if (!notText.test(text) && !isStep) {
    return text;
  }
  const isPlain = (byte: number): boolean => byte > 0x20 && byte < 0x7f && byte !== 0x2f && !isStep;
  return [...bytes].map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : escape(byte))).join('');
}

function escape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

const mostLinks = 40;

/** What finds a node. */
type NodeFinder = Pick<GuestFileSystem, 'root' | 'facts' | 'list' | 'readLink'>;

/** Each folder is read once: for many paths in one look. */
export function listedOnce(system: GuestFileSystem): NodeFinder {
  const lists = new Map<number, Promise<readonly FolderEntry[]>>();
  return {
    root: system.root,
    facts: (node) => system.facts(node),
    readLink: (node) => system.readLink(node),
    list: (node) => {
      const list = lists.get(node) ?? system.list(node);
      lists.set(node, list);
      return list;
    },
  };
}

/**
 * The node that a path leads to, from the root of the file system; `..` never leaves it. A link at the very end is
 * followed unless `last` is `itself`.
 */
export async function findNode(
  system: NodeFinder,
  path: string,
  last: 'followed' | 'itself' = 'followed',
): Promise<number> {
  const open = path.split('/').reverse();
  const above: number[] = [];
  let node = system.root;
  let links = 0;
  while (open.length > 0) {
    const name = open.pop() ?? '';
    if (name === '' || name === '.') {
      continue;
    }
    if (name === '..') {
      node = above.pop() ?? system.root;
      continue;
    }
    const { kind } = await system.facts(node);
    if (kind !== 'folder') {
      throw new FileSystemError('notAFolder', path);
    }
    const entry = (await system.list(node)).find((one) => one.name === name);
    if (entry === undefined) {
      throw new FileSystemError('notFound', path);
    }
    const isLast = open.every((rest) => rest === '' || rest === '.');
    const entryKind = entry.kind ?? (await system.facts(entry.node)).kind;
    if (entryKind === 'link' && !(isLast && last === 'itself')) {
      if (++links > mostLinks) {
        throw new FileSystemError('tooManyLinks', path);
      }
      const to = await system.readLink(entry.node);
      if (to.startsWith('/')) {
        above.length = 0;
        node = system.root;
      }
      open.push(...to.split('/').reverse());
      continue;
    }
    above.push(node);
    node = entry.node;
  }
  return node;
}

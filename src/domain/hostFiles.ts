// What rules and steps need of the files on the hypervisor's host: the port, and what was seen through it. Values only;
// host/ serves it on this machine, hypervisor/ through libvirt's storage API.
import type { NewVm } from './clone.js';

/** `missing` only where that is certain; `unknown` where nobody here may look. */
export type Observation<T> = T | 'missing' | 'unknown';

export interface FileFacts {
  readonly bytes: number;
  /** What it takes on its file system. */
  readonly allocatedBytes: number;
  /** Milliseconds since 1970 of the last write, by the host's clock; absent: not known. */
  readonly modifiedAt?: number;
  /** When it was made, by the host's clock, whatever times it was given later; absent: not known. */
  readonly bornAt?: number;
  /** What its file system calls it: alike for every path that leads to it. For comparing alone; absent: not known. */
  readonly real?: string;
  /** When anything of it changed last, and of what; absent: not known, or this tells nothing: see `changeOf`. */
  readonly change?: LastChange;
  /** Its name is a link to it; absent: it is no link, or not known. */
  readonly isLink?: true;
  /** SHA-256 of what is in it; absent: not asked for, or not known. */
  readonly sum?: string;
  /** Nobody may write to it, not even its owner; absent: not known, or not so. */
  readonly readOnly?: true;
  /**
   * No program can write to it, not even as root: it is marked so, or its file system is read-only; absent: not known,
   * or not so.
   */
  readonly immutable?: true;
}

/**
 * Nobody can set `at`. `of` is device:inode:user:group:mode of the file: with another one it has another `at`.
 */
export interface LastChange {
  readonly at: number;
  readonly of: string;
}

export interface ImageFacts extends FileFacts {
  /** qcow2, raw, … as its user reads it, else as the file itself says; `raw` where it has no header. */
  readonly format: string;
  readonly virtualBytes: number;
  /** The first version of qcow2: QEMU gives it no other size while snapshots are inside of it. */
  readonly oldFormat?: true;
  /** Absolute path; absent for an image that stands alone. */
  readonly backing?: {
    readonly file: string;
    readonly format?: string;
    /**
     * It rests on a part of that file, or on it in a way that is not known here: the file alone does not tell its
     * content.
     */
    readonly part?: true;
    /** It is not named by its path alone, but by a protocol or with options. */
    readonly options?: true;
  };
  /** What is in it is unlocked with a secret. */
  readonly encrypted?: true;
  /** The guest's data stand in a file of their own. */
  readonly dataFile?: true;
  /** Where; absent where the image does not name it by a path. */
  readonly dataPath?: string;
  /** How many notes of changed blocks it holds, which backups go by. */
  readonly bitmaps?: number;
  /** Names of the internal snapshots; undefined where they cannot be seen. */
  readonly tags?: readonly string[];
  /** The IDs of `tags`, in their order: QEMU looks for an ID before it looks for a name. */
  readonly tagIds?: readonly string[];
  /** By tag, how many bytes the disk had then; undefined where it cannot be seen. */
  readonly tagBytes?: ReadonlyMap<string, number>;
  /** By tag, when it was taken, in milliseconds since 1970; undefined where it cannot be seen. */
  readonly takenAt?: ReadonlyMap<string, number>;
  /** Those of `tags` that hold RAM; undefined where it cannot be seen. */
  readonly ramTags?: readonly string[];
  /** A digest of where its data are mapped; alike where only its header was written to. Undefined: not known. */
  readonly tables?: string;
  /** A digest of some blocks behind its header; undefined: not known. Wrong while a VM writes to it. */
  readonly sample?: string;
  /**
   * Its counters of clusters are not up to date: QEMU has it open for writing, or died with it open. QEMU itself
   * repairs it when it opens it for writing, and dies when it has to let go of one that it has open to read.
   */
  readonly unclosed?: true;
  /** How many snapshots and the current state together can have a cluster; absent: more than anybody takes. */
  readonly mostReferences?: number;
  /** How the host itself uses it; absent: not at all, or not known. */
  readonly hostUse?: HostUse;
  /** What stands there is a folder, a pipe or a socket, and so corrupt. */
  readonly isFile?: false;
  /** qcow2 marked itself as corrupt, or it is no image of that format. */
  readonly corrupt?: boolean;
  /** Nothing was written to this overlay since it was made; undefined: not known. Wrong while a VM writes to it. */
  readonly empty?: boolean;
  /** RAM inside it that no snapshot has any more; undefined: not known. Wrong while a snapshot is taken. */
  readonly lostRamBytes?: number;
  /** Tags whose disk content is the current one; undefined: not known. Wrong while a VM writes to it. */
  readonly unchangedSince?: readonly string[];
}

/** The kernel of the host writes, or lets programs write, to what is a disk of a VM. QEMU's locks do not tell of it. */
export interface HostUse {
  readonly how: 'loop' | 'mounted' | 'swap';
  /** The loop device, or where it is mounted. */
  readonly where: string;
}

/** A file of no bytes is no image, but of a raw disk; nothing marked it as damaged. */
function isEmptyFile({ bytes, corrupt, isFile }: Pick<ImageFacts, 'bytes' | 'corrupt' | 'isFile'>): boolean {
  return corrupt === true && bytes === 0 && isFile !== false;
}

/**
 * Whether QEMU marked the image as corrupt, for its sentence: it cannot mark a file without bytes or of another format.
 */
export function notMarked(image: Pick<ImageFacts, 'bytes' | 'corrupt' | 'virtualBytes' | 'isFile'>): {
  empty?: 'yes' | 'other';
} {
  return isEmptyFile(image) ? { empty: 'yes' } : image.virtualBytes === 0 ? { empty: 'other' } : {};
}

/**
 * How far an image is looked into, `whole` by default. The `head` tells what it is and rests on, and no more; `tags`
 * also which snapshots are inside.
 */
export type Depth = 'head' | 'tags' | 'whole';

/** A file that we made. */
export interface MadeFile {
  readonly path: string;
  /** Tells it from every later file of its name; absent: nobody here can see that. */
  readonly identity?: string;
}

interface FileNumbers {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly birthtimeNs: bigint;
}

/** Numbers of files are given again, and those of devices change with a restart: where it is known, the birth tells. */
export function identityOf({ dev, ino, birthtimeNs }: FileNumbers): string {
  return birthtimeNs > 0n ? `${ino}@${birthtimeNs}` : `${dev}:${ino}`;
}

/**
 * The same of what was seen of a file, for comparing with itself alone, wherever it is moved to on its file system;
 * undefined: not known.
 */
export function birthOf({ real, bornAt }: FileFacts): string | undefined {
  const number = real?.slice(real.indexOf(':') + 1);
  return number === undefined || bornAt === undefined ? number : `${number}@${String(bornAt)}`;
}

/** A file that is filled under a name of its own, which it has until it is whole. */
export function unnamedPart(folder: string, random: string): string {
  return `${folder}/.virt-rewind-${random}.part`;
}

export function isUnnamedPart(path: string): boolean {
  return /\/\.virt-rewind-[\da-f]{16}\.part$/u.test(path);
}

/**
 * Told of a file before it gets its name, where that can be, and of the part in which it is filled before that; what it
 * rejects with keeps the file from being made.
 */
export type OnMade = (made: MadeFile) => Promise<void>;

/** In bytes. */
export interface Space {
  readonly free: number;
  readonly total: number;
}

/**
 * What is in `top` and the layers between goes into `base`; all of them have a format that is known, the top one qcow2.
 */
export interface ImageCommit {
  readonly top: string;
  readonly base: string;
  readonly bytesPerSecond?: number;
}

/** Where a file that QEMU writes stands until it is whole. */
export function partOf(file: string): string {
  return `${file}.part`;
}

export interface NewOverlay {
  readonly file: string;
  readonly backing: string;
  readonly backingFormat: string;
}

/** An image of nothing, which rests on nothing, with owner and mode of that other file. */
export interface NewImage {
  readonly file: string;
  readonly bytes: number;
  readonly like: string;
}

/** The CD-ROM for cloud-init in a clone. */
export interface NewSeed {
  readonly from: string;
  readonly to: string;
  readonly clone: NewVm;
  /** By the MAC addresses of the original's network cards, in their order, those of the clone. */
  readonly cards: ReadonlyMap<string, string>;
}

/** The name of what `file` rests on. */
export interface RebasedOverlay {
  readonly file: string;
  readonly backing: string;
  readonly backingFormat: string;
}

/** All that is in `from`, with what it rests on, goes into `file`, a qcow2 that rests on nothing. */
export interface ImageCopy {
  readonly file: string;
  readonly from: string;
  readonly fromFormat: string;
  /** What is inside of `from` under this name, in place of the current state. */
  readonly tag?: string;
}

/** Each file by its `FileFacts.real`. One that is not among them may be in use all the same. */
export interface ImageLocks {
  /** A program has it open as a disk to write to. */
  readonly written: ReadonlySet<string>;
  /** A program has it open and relies on nobody else's changing it: all that are written, and images that are read. */
  readonly held: ReadonlySet<string>;
  /** By path: the host lets the QEMU of the VM that was asked about not write to it before the next start. */
  readonly forbidden?: ReadonlySet<string>;
}

/** Why nothing can be done with files in a folder. */
export interface CannotAct {
  readonly why:
    | 'noStorageDriver'
    | 'otherHost'
    | 'noSession'
    | 'otherFolder'
    | 'noQemuImg'
    | 'denied'
    | 'folderMissing'
    | 'silent'
    | 'failed';
  /** The error of the program that refused, for the log and "Show Details". */
  readonly said?: string;
}

/** All names in a folder; `tooMany`: more than 10,000. A part of them would be believed to be all. */
export type FolderNames = readonly string[] | 'tooMany' | 'unseen';

/** In the folder of each file that was put into it. */
export const trashFolder = '.virt-rewind-trash';

/** Into which a file goes. */
export function trashFolderOf(path: string): string {
  return `${path.slice(0, path.lastIndexOf('/'))}/${trashFolder}`;
}

/** The beginning of its name there, before the second in which it was put there. */
export function trashedName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return new TextDecoder().decode(new TextEncoder().encode(name).subarray(0, 200)).replaceAll('\ufffd', '');
}

/** The second in which the file of that path was put there under this name; 0: this is another one. */
export function trashedAt(name: string, path: string): number {
  const start = `${trashedName(path)}.`;
  const second = name.startsWith(start) ? /^\d{9,11}$/u.exec(name.slice(start.length)) : null;
  return Number(second?.[0] ?? 0);
}

/**
 * Every method rejects with a `Failure` and leaves nothing half made behind: a file appears under its name only when it
 * is whole.
 */
export interface HostFiles {
  /** Settles when looks can be answered, or never will: no look counts how long a login takes. Never rejects. */
  readonly ready?: () => Promise<void>;
  file(path: string): Promise<Observation<FileFacts>>;
  /**
   * `format`: as its user reads it; then it is read as nothing else, for a guest writes what it likes to a raw disk.
   * Absent: as its header says.
   */
  image(path: string, format?: string, depth?: Depth): Promise<Observation<ImageFacts>>;
  /** The identity of a plain file; undefined: it is none, or cannot be read here. */
  identity(path: string): Promise<string | undefined>;
  /** SHA-256 of a small file; undefined: it is larger, or nobody here can see it. */
  sum(path: string): Promise<string | undefined>;
  /** The public host key that a seed of ours gives the guest. */
  hostKeyOf(seed: string): Promise<string | undefined>;
  list(folder: string): Promise<FolderNames>;
  /** The space of the file system or pool of a folder; undefined where that cannot be read. */
  space(folder: string): Promise<Space | undefined>;
  /**
   * By `FileFacts.real`, what the host itself writes to; undefined: it cannot be seen.
   *
   * @param devices whether block devices are asked for too
   */
  hostUses(devices: boolean): Promise<ReadonlyMap<string, HostUse> | undefined>;
  /**
   * As far as they can be seen; undefined: not at all.
   *
   * @param confined UUID of a VM of which it is asked what the host forbids it
   */
  imageLocks(confined?: string): Promise<ImageLocks | undefined>;
  /** Whether overlays can be made and files removed in a folder. Touches nothing. */
  canAct(folder: string): Promise<'yes' | CannotAct>;
  /** Fails with kind `exists` when there is a file of that name. */
  createOverlay(overlay: NewOverlay | NewImage, onMade?: OnMade): Promise<void>;
  /** Copies a whole file; `replace` puts it in the place of another in one move. */
  copy(from: string, to: string, existing: 'keep' | 'replace', onMade?: OnMade): Promise<void>;
  /** With owner and mode of the seed that it is made of. Fails with kind `exists` when there is a file of that name. */
  writeSeed(seed: NewSeed, onMade?: OnMade): Promise<void>;
  /** The last two of a path, where they are not there, with the modes of those of another. */
  makeFolders(like: string, folder: string): Promise<void>;
  /** Removes an internal snapshot from an image that nobody uses. */
  removeTag(file: string, tag: string): Promise<void>;
  /** Has QEMU repair an image that nobody uses, where its last writer died; its time of last write stays. */
  repair(file: string): Promise<void>;
  /** Nobody may use the overlay. */
  rebase(overlay: RebasedOverlay): Promise<void>;
  /** The image has so many bytes from now on, which are more than before. Nobody may use it. */
  resize(file: string, format: string, bytes: number): Promise<void>;
  /** Whether what is in a file can be changed. Touches nothing. */
  canChange(path: string): Promise<'yes' | CannotAct>;
  /**
   * Nobody may use the files. `top` stays as it is, so that its content is the same after a stop half way. An aborted
   * signal ends it with a Failure `cancelled`.
   */
  commit(commit: ImageCommit, signal: AbortSignal, onFraction: (fraction: number) => void): Promise<void>;
  /** Nobody may write to `from` meanwhile. Fails with kind `exists` when there is a file of that name. */
  copyImage(
    copy: ImageCopy,
    signal: AbortSignal,
    onFraction: (fraction: number) => void,
    onMade?: OnMade,
  ): Promise<void>;
  /** What is not there is as good as removed. */
  remove(path: string): Promise<void>;
  /**
   * Into `trashFolder` beside it, in one move and with a note of where it was; what is not there is as good as put
   * away.
   *
   * @param from the path there of what goes back to where it was instead, unless another file is there by now
   */
  trash(path: string, from?: string): Promise<void>;
}

// Copies a file or a folder of a guest's file system to this computer. It gets its name when it is whole.
import { chmod, lstat, mkdir, mkdtemp, open, rename, rm, stat, symlink, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errnoOf, undefinedIfAbsent } from '../../base/errno.js';
import { writeAll } from '../../base/writeAll.js';
import { insideFailure } from './insideFailure.js';
import type { GuestFileSystem } from './read/guestFileSystem.js';
import { pauseIfLong } from './bytes/pause.js';
import { type UnreadEntry, walkFolder } from './read/walkFolder.js';

interface CopyWish {
  /** What it is called in a folder that is there. */
  readonly name: string;
  readonly to: string;
  readonly signal: AbortSignal;
  /** Rejects where what was read may be wrong: then nothing stays. */
  readonly isStillTrue: () => Promise<void>;
}

interface CopiedOut {
  /** Absolute. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  /** Devices, sockets and pipes. */
  readonly leftOut: number;
  /** What could not be read, and is not in the copy of the folder, or is empty there if it is a folder itself. */
  readonly unread: readonly UnreadEntry[];
}

const pieceBytes = 4 * 1024 * 1024;

/** A multiple of the blocks of all file systems. */
const windowBytes = 1024 * 1024 * 1024;

/**
 * Rejects with a Failure, or what the file system rejects with where that is the node itself; then nothing was
 * written.
 */
export async function copyOut(system: GuestFileSystem, node: number, wish: CopyWish): Promise<CopiedOut> {
  const path = await targetOf(wish);
  const part = await orFault(path, () => mkdtemp(join(dirname(path), '.virt-rewind-')));
  try {
    const counts: Counts = { files: 0, bytes: 0, leftOut: 0, unread: [] };
    const copy = join(part, 'copy');
    await writeNode(system, node, copy, wish.signal, counts);
    await wish.isStillTrue();
    await requireFree(path);
    await orFault(path, () => rename(copy, path));
    return { path, ...counts };
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** In a folder that is there under its own name, else as it was written. */
async function targetOf({ name, to }: CopyWish): Promise<string> {
  const whole = resolve(to);
  const isFolder = await stat(whole).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const path = isFolder ? join(whole, name) : whole;
  await requireFree(path);
  return path;
}

async function requireFree(path: string): Promise<void> {
  if ((await orFault(path, () => undefinedIfAbsent(lstat(path)))) !== undefined) {
    throw insideFailure('fileThere', { path });
  }
}

interface Counts {
  files: number;
  bytes: number;
  leftOut: number;
  readonly unread: UnreadEntry[];
}

async function writeNode(
  system: GuestFileSystem,
  node: number,
  path: string,
  signal: AbortSignal,
  counts: Counts,
): Promise<void> {
  const { kind, modifiedAt } = await system.facts(node);
  if (kind === 'folder') {
    await makeFolder(path);
    await walkFolder(
      system,
      node,
      signal,
      (entry) =>
        entry.kind === 'folder'
          ? makeFolder(join(path, entry.path))
          : writeEntry(system, entry.node, join(path, entry.path), signal, counts),
      (one) => counts.unread.push(one),
    );
    await orFault(path, () => utimes(path, new Date(), new Date(modifiedAt)));
  } else {
    await writeEntry(system, node, path, signal, counts);
  }
}

function makeFolder(path: string): Promise<void> {
  return orFault(path, () => mkdir(path));
}

/** Neither a file nor a link that is there already is written through: a hostile folder may name one twice. */
async function writeEntry(
  system: GuestFileSystem,
  node: number,
  path: string,
  signal: AbortSignal,
  counts: Counts,
): Promise<void> {
  const { kind, bytes, mode = 0o644, modifiedAt } = await system.facts(node);
  if (kind === 'link') {
    const to = await system.readLink(node);
    await orFault(path, () => symlink(to, path));
    return;
  }
  if (kind !== 'file') {
    counts.leftOut += 1;
    return;
  }
  await orFault(path, async () => {
    const file = await open(path, 'wx');
    try {
      for await (const { at, length } of filledPieces(system, node, bytes)) {
        signal.throwIfAborted();
        await writeSparse(file, await system.read(node, at, length), at);
      }
      await file.truncate(bytes);
      await file.utimes(new Date(), new Date(modifiedAt));
    } catch (error) {
      // Half of a file must not look like the whole one.
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    // Who reads it here is another user than in the guest, and runs nothing by its owner's rights.
    await chmod(path, (mode & 0o777) | 0o600);
  });
  counts.files += 1;
  counts.bytes += bytes;
}

interface Piece {
  readonly at: number;
  readonly length: number;
}

/** Without its holes, as far as the file system tells of them: one of a terabyte would be read for hours. */
async function* filledPieces(system: GuestFileSystem, node: number, bytes: number): AsyncGenerator<Piece> {
  for (let at = 0; at < bytes; at += windowBytes) {
    const end = Math.min(bytes, at + windowBytes);
    let known = at;
    for (const place of (await system.places?.(node, at, end - at)) ?? []) {
      const next = Math.min(end, known + place.bytes);
      if (place.at !== undefined) {
        yield* piecesOf(known, next);
      }
      known = next;
    }
    yield* piecesOf(known, end);
    await pauseIfLong();
  }
}

function* piecesOf(from: number, to: number): Generator<Piece> {
  for (let at = from; at < to; at += pieceBytes) {
    yield { at, length: Math.min(pieceBytes, to - at) };
  }
}

/** What is only zeroes takes no room. */
async function writeSparse(file: Awaited<ReturnType<typeof open>>, piece: Buffer, at: number): Promise<void> {
  if (piece.some((byte) => byte !== 0)) {
    await writeAll(file, piece, at);
  }
}

async function orFault<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) {
      throw error;
    }
    throw code === 'ENOSPC'
      ? insideFailure('noSpaceHere', { path })
      : insideFailure('notWritten', { path, said: (error as Error).message });
  }
}

// Puts a packed file or folder into a guest by its agent: under another name first, compared there with what was sent,
// then renamed. In a guest that runs no programs for its agent, a file is written in its place and read back.
import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { isOfWing } from '../../../domain/failure.js';
import { throwIfCancelled, withLeft, withOpenFile } from '../../../session/fileCopy.js';
import { insideFailure } from '../insideFailure.js';
import type { GuestDoor, GuestTarget } from './guestTarget.js';
import { type Archive, packedName, type Survey } from './packNode.js';
import program from './inGuest.sh';

export interface WriteOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (bytes: number, totalBytes: number) => void;
}

interface WriteResult {
  /** What was there before and could not be deleted. */
  readonly left?: string;
}

/** libvirt 9.0 loses the agent for good by a command that is longer than what a socket holds (208 KiB). */
const pieceBytes = 48 * 1024;
const readBytes = 256 * 1024;

/** @throws Failure; then what was there is there, unless it says what is left */
export function writeIntoGuest(
  files: GuestDoor,
  archive: FileHandle,
  about: { readonly survey: Survey; readonly packed: Archive; readonly target: GuestTarget },
  options: WriteOptions,
): Promise<WriteResult> {
  return about.target.way === 'renamed'
    ? writeBeside(files, archive, about, options)
    : writeInPlace(files, archive, about, options);
}

type About = Parameters<typeof writeIntoGuest>[2];

async function writeBeside(
  files: GuestDoor,
  archive: FileHandle,
  { survey, packed, target }: About,
  options: WriteOptions,
): Promise<WriteResult> {
  const part = posix.join(posix.dirname(target.path), `.virt-rewind-${randomBytes(4).toString('hex')}`);
  const old = posix.join(part, 'old');
  await runThere(files, 'make', part);
  let isRenaming = false;
  try {
    throwIfCancelled(options.signal);
    const tar = posix.join(part, 'tar');
    const handle = await files.openFile(tar, 'w');
    await send(files, archive, { handle, path: tar, from: 0, bytes: packed.archiveBytes }, options);
    const said = await runThere(files, 'unpack', part, packedName, ...(packed.hasOwners ? [] : ['-o']));
    const [, count, sum] = /(\d+)\s+([\da-f]{64})\s+-\s*$/u.exec(said) ?? [];
    if (Number(count) !== survey.entries.length || sum !== packed.sum) {
      throw insideFailure('differs');
    }
    throwIfCancelled(options.signal);
    isRenaming = true;
    const copy = posix.join(part, packedName);
    const isSwap = survey.kind === 'folder' && target.kind !== 'none';
    await runThere(files, isSwap ? 'swap' : 'rename', copy, target.path, old);
  } catch (error) {
    if (isRenaming && !isOfWing(error, 'inside', 'guestFailed')) {
      throw insideFailure('unknown', { path: target.path, left: { path: part, is: 'besides' } });
    }
    // The guest that does not answer now may be the very reason.
    const ended = await files.script(program, ['drop', part]).catch(() => undefined);
    throw ended?.exitCode === 0 ? error : withLeft(error, { path: part, is: 'besides' });
  }
  // It is there: what follows changes nothing of that.
  await files.script(program, ['label', target.path]).catch(() => undefined);
  const ended = await files.script(program, ['remove', part]).catch(() => undefined);
  return ended?.exitCode === 0 ? {} : { left: part };
}

async function writeInPlace(
  files: GuestDoor,
  archive: FileHandle,
  { survey: { bytes }, packed, target: { path } }: About,
  options: WriteOptions,
): Promise<WriteResult> {
  const sum = createHash('sha256');
  throwIfCancelled(options.signal);
  const handle = await files.openFile(path, 'w');
  try {
    await send(files, archive, { handle, path, from: packed.contentAt, bytes }, options);
    const again = await files.openFile(path, 'r');
    await withOpenFile(files, again, path, async () => {
      for (let done = 0; done <= bytes;) {
        const { bytes: piece, atEnd } = await files.read(again, readBytes, path, options.signal);
        sum.update(piece);
        done += piece.length;
        if (atEnd || piece.length === 0) {
          break;
        }
      }
    });
    if (sum.digest('hex') !== packed.sum) {
      throw insideFailure('differs');
    }
  } catch (error) {
    throw withLeft(error, { path, is: 'inPlace' });
  }
  return {};
}

async function send(
  files: GuestDoor,
  archive: FileHandle,
  to: { readonly handle: number; readonly path: string; readonly from: number; readonly bytes: number },
  { signal, onProgress }: WriteOptions,
): Promise<void> {
  const { handle, path, from, bytes } = to;
  await withOpenFile(files, handle, path, async () => {
    const piece = Buffer.alloc(pieceBytes);
    for (let done = 0; done < bytes;) {
      throwIfCancelled(signal);
      const { bytesRead } = await archive.read(piece, 0, Math.min(pieceBytes, bytes - done), from + done);
      if (bytesRead === 0) {
        throw insideFailure('differs');
      }
      await files.write(handle, piece.subarray(0, bytesRead), path, signal);
      done += bytesRead;
      onProgress?.(done, bytes);
    }
    await files.flush(handle, path);
  });
}

/** @throws Failure `guestFailed` where the guest says so, `silent` where it says nothing in time */
async function runThere(files: GuestDoor, ...words: readonly string[]): Promise<string> {
  const ended = await files.script(program, words);
  if (ended === undefined) {
    throw insideFailure('silent');
  }
  if (ended.exitCode !== 0) {
    throw insideFailure('guestFailed', { said: ended.stdout.trim() });
  }
  return ended.stdout;
}

// RAM of one VM under the description of another: libvirt loads RAM only into a VM of the name and UUID that stand
// before it. The RAM itself is not copied: it goes through a pipe, behind another header.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { promisify } from 'node:util';
import { type FileSystem, type OpenFile, thisComputer } from '../../base/fileSystem.js';
import type { SavedText } from '../../domain/copiedVm.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { identityNow, identityOfOpen, removeMade } from './ownVmFolder.js';
import { errnoOf } from '../../base/errno.js';
import { openToRead } from '../../base/readFileAtMost.js';

/** virQEMUSaveHeader: magic, version, length of what follows, "was running", format, place of the cookie. */
const headerBytes = 92;
const lengthAt = 20;
const formatAt = 28;
const cookieAt = 32;
const mostHeader = 16 * 1024 * 1024;
/** Later ones are not read from one end to the other. */
const lastStream = 5;
const chunkBytes = 1024 * 1024;

interface SavedHead {
  readonly xml: string;
  /** Before the RAM, with another description. */
  readonly with: (xml: string) => Buffer;
  readonly ramAt: number;
}

/** In a file that stays as it is otherwise. */
interface SavedStart extends SavedText {
  /** As many bytes, with this text. Undefined where it is too long for them. */
  readonly over: (text: SavedText) => Buffer | undefined;
}

interface HandedRam {
  readonly from: string;
  readonly ramAt: number;
  /** From which the head and the RAM can be read once, from one end to the other. */
  readonly path: string;
  readonly head: Buffer;
}

/**
 * Reads and writes RAM on the computer that has the files. Each rejects with a Failure, or with what `use` rejects
 * with.
 */
export interface RamAccess {
  /** @throws Failure `unsupported` when it is none that can be read as a stream */
  readonly readHead: (file: string) => Promise<SavedHead>;
  /** `heads`: how often the head comes: libvirt from some release on reads it, closes the file, and opens it again. */
  readonly throughPipe: (ram: HandedRam & { readonly heads: number }, use: () => Promise<void>) => Promise<void>;
  /** The same as a file of its own, for a libvirt that takes no pipe. */
  readonly throughCopy: (ram: HandedRam, use: () => Promise<void>) => Promise<void>;
}

export const localRam: RamAccess = { readHead: (file) => readSavedHead(file), throughPipe, throughCopy };

/** See RamAccess. */
export async function readSavedHead(file: string, files: FileSystem = thisComputer): Promise<SavedHead> {
  const { head, body, format, xml, cookie } = await readStart(file, files);
  if (format > lastStream) {
    throw new Failure('unsupported', {
      ...detailsOf(file),
      libvirtMessage: 'this file with RAM cannot be read as a stream',
    });
  }
  const write = (own: string): Buffer => {
    const text = Buffer.from(`${own}\0`);
    const more = cookie === undefined ? Buffer.alloc(0) : Buffer.concat([cookie, Buffer.alloc(1)]);
    const length = text.length + more.length;
    return Buffer.concat([withLengths(head, length, cookie === undefined ? 0 : text.length), text, more]);
  };
  return { xml: xml.toString('utf8'), with: write, ramAt: headerBytes + body.length };
}

/** @throws Failure `unsupported` where nothing of the kind stands there */
export async function readSavedStart(file: string, files: FileSystem): Promise<SavedStart> {
  const { head, body, xml, cookie } = await readStart(file, files);
  return {
    xml: xml.toString('utf8'),
    ...(cookie !== undefined && { cookie: cookie.toString('utf8') }),
    over: (own) => {
      const text = Buffer.from(`${own.xml}\0`);
      const more = Buffer.from(own.cookie === undefined ? '' : `${own.cookie}\0`);
      const left = body.length - text.length - more.length;
      return left < 0
        ? undefined
        : Buffer.concat([
            withLengths(head, body.length, more.length === 0 ? 0 : text.length),
            ...[text, more, Buffer.alloc(left)],
          ]);
    },
  };
}

interface Start {
  readonly head: Buffer;
  /** Between the head and the RAM. */
  readonly body: Buffer;
  readonly format: number;
  readonly xml: Buffer;
  readonly cookie?: Buffer;
}

async function readStart(file: string, files: FileSystem): Promise<Start> {
  const details = detailsOf(file);
  let handle: OpenFile | undefined;
  try {
    handle = await files.open(file);
    await handle.stat();
    const head = Buffer.alloc(headerBytes);
    await handle.read(head, 0);
    const word = (at: number): number => (endianness() === 'LE' ? head.readUInt32LE(at) : head.readUInt32BE(at));
    const [length, format, cookie] = [word(lengthAt), word(formatAt), word(cookieAt)];
    if (head.toString('latin1', 0, 16) !== 'LibvirtQemudSave' || length > mostHeader || cookie > length) {
      throw new Failure('unsupported', { ...details, libvirtMessage: 'this is no file with RAM' });
    }
    const body = Buffer.alloc(length);
    await handle.read(body, headerBytes);
    const textOf = (from: number): Buffer => {
      const end = body.indexOf(0, from);
      return body.subarray(from, end < 0 ? length : end);
    };
    return { head, body, format, xml: textOf(0), ...(cookie !== 0 && { cookie: textOf(cookie) }) };
  } catch (error) {
    throw fileFailure(error, details);
  } finally {
    await handle?.close();
  }
}

function detailsOf(path: string): FailureDetails {
  return { doing: 'reading RAM', path };
}

function withLengths(head: Buffer, length: number, cookie: number): Buffer {
  const own = Buffer.from(head);
  const put = (value: number, at: number): unknown =>
    endianness() === 'LE' ? own.writeUInt32LE(value, at) : own.writeUInt32BE(value, at);
  put(length, lengthAt);
  put(cookie, cookieAt);
  return own;
}

/** See RamAccess. */
async function throughPipe(
  { from, ramAt, path, head, heads }: HandedRam & { readonly heads: number },
  use: () => Promise<void>,
): Promise<void> {
  const details = { doing: 'handing RAM over', path };
  await promisify(execFile)('mkfifo', ['-m', '600', '--', path]).catch((error: unknown) => {
    throw fileFailure(error, details);
  });
  const identity = await identityNow(path);
  // As long as somebody holds its other end, a pipe is opened without waiting, and keeps what is in it.
  let keeper: FileHandle | undefined;
  try {
    keeper = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const source = await openToRead(from).catch((error: unknown) => {
      throw fileFailure(error, { ...details, path: from });
    });
    await requireReadable(source, ramAt, { ...details, path: from });
    const target = await openBeside(source, path, constants.O_WRONLY);
    // Heard at once: it may fail while nobody waits for it yet, and such a failure ends a process.
    const whyNotWritten = write(target, source, ramAt, head, heads)
      .finally(() => Promise.all([target.close(), source.close()]))
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    const endWriting = async (): Promise<unknown> => {
      // Who does not read any more must not keep us waiting.
      await keeper?.close();
      keeper = undefined;
      return whyNotWritten;
    };
    try {
      await use();
    } catch (error) {
      const why = await endWriting();
      // That nobody reads to the end comes of what failed; all else is what it comes of.
      throw why === undefined || errnoOf(why) === 'EPIPE' ? error : fileFailure(why, { ...details, path: from });
    }
    await endWriting();
  } finally {
    await keeper?.close();
    await removeMade(path, identity);
  }
}

/** See RamAccess. */
async function throughCopy({ from, ramAt, path, head }: HandedRam, use: () => Promise<void>): Promise<void> {
  let identity: string | undefined;
  try {
    const source = await openToRead(from);
    const target = await openBeside(source, path, 'wx');
    identity = await identityOfOpen(target);
    await write(target, source, ramAt, head, 1).finally(() => Promise.all([target.close(), source.close()]));
    await use();
  } catch (error) {
    throw error instanceof Failure ? error : fileFailure(error, { doing: 'handing RAM over', path });
  } finally {
    await removeMade(path, identity);
  }
}

/** Nobody may wait to open a pipe into which nobody will write: libvirt would do so for ever. */
async function requireReadable(source: FileHandle, at: number, details: FailureDetails): Promise<void> {
  try {
    await source.read(Buffer.alloc(1), 0, 1, at);
  } catch (error) {
    await source.close();
    throw fileFailure(error, details);
  }
}

/** Where it cannot be opened, the other one does not stay open. */
async function openBeside(other: FileHandle, path: string, flags: string | number): Promise<FileHandle> {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    await other.close();
    throw error;
  }
}

async function write(
  target: FileHandle,
  source: FileHandle,
  ramAt: number,
  head: Buffer,
  heads: number,
): Promise<void> {
  for (let time = 0; time < heads; time++) {
    await target.writeFile(head);
  }
  const chunk = Buffer.alloc(chunkBytes);
  for (let at = ramAt; ;) {
    const { bytesRead } = await source.read(chunk, 0, chunkBytes, at);
    if (bytesRead === 0) {
      return;
    }
    await target.writeFile(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
}

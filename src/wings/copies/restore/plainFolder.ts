// A plain copy of a VM on this computer as what a restore reads. It is only read, and nothing in it is believed.
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isOfWing } from '../../../domain/failure.js';
import { hasCode, isAbsent, undefinedIfAbsent } from '../../../base/errno.js';
import { readFileAtMost } from '../../../base/readFileAtMost.js';
import { writeAll } from '../../../base/writeAll.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { copiesFailure } from '../copiesFailure.js';
import type { CopySource } from './copySource.js';
import { disks } from '../../../transfer/hostFolder.js';
import { type CopiedFile, manifestName, mostManifestBytes, readManifest } from '../../../transfer/manifest.js';
import { sumsName } from '../plain/plainPapers.js';
import { orFault } from './readFolder.js';

interface PlainSource extends CopySource {
  /** What is not right by the manifest that was read may be right by one that replaced it: then `copyRuns`. */
  unlessUpdated<T>(work: () => Promise<T>): Promise<T>;
}

/** @throws Failure `noCopy`, `wrongChecksum` */
export async function plainFolder(folder: string, signal: AbortSignal): Promise<PlainSource> {
  const readText = (name: string = manifestName): Promise<Buffer | undefined> =>
    readFileAtMost(join(folder, name), mostManifestBytes).catch((error: unknown) => {
      if (isAbsent(error) || hasCode(error, 'EISDIR', 'ENOTSUP')) {
        return undefined;
      }
      throw error;
    });
  const text = await readText();
  if (text === undefined) {
    throw copiesFailure('noCopy', { folder });
  }
  const manifest = readManifest(text.toString('utf8'));
  const ofReplica = typeof manifest === 'object' && manifest.replicaOf !== undefined;
  // A replica that is updated has either of them anew first.
  const sums = ofReplica ? '' : String((await readText(sumsName)) ?? '');
  const noted = new RegExp(`^(.*)  ${manifestName}$`, 'mu').exec(sums)?.[1];
  if (noted !== undefined && noted !== createHash('sha256').update(text).digest('hex')) {
    throw copiesFailure('wrongChecksum', { file: join(folder, manifestName), ofReplica });
  }
  const root = join(await realpath(folder), disks);
  const unlessUpdated = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const isWrong = isOfWing(error, 'copies', 'brokenBackup', 'wrongChecksum');
      const isOther = isWrong && (await readText())?.equals(text) === false;
      throw isOther ? transferFailure('copyRuns', { folder }) : error;
    }
  };
  return {
    unlessUpdated,
    login: undefined,
    keepsHoles: true,
    readManifest: () => Promise.resolve(text.toString('utf8')),
    fetch: async (files, into) => {
      const copied = new Set<string>();
      for (const file of files) {
        if (file.stored !== undefined && !copied.has(file.stored)) {
          copied.add(file.stored);
          const to = join(into, file.stored);
          await unlessUpdated(() => orFault(into, () => copyFile({ root, ofReplica, signal }, file, to)));
        }
      }
    },
    writeInto: (file, to) =>
      unlessUpdated(() =>
        withRight({ root, ofReplica, signal }, file, (from) => copyBytes(from, to, file.bytes, { signal })),
      ),
  };
}

interface Folder {
  readonly root: string;
  readonly ofReplica: boolean;
  readonly signal: AbortSignal;
}

async function copyFile(folder: Folder, file: CopiedFile, to: string): Promise<void> {
  const { signal } = folder;
  await withRight(folder, file, async (from, { mode }) => {
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    // An empty file that we made for it.
    const written = await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      await written.chmod((mode & 0o777) | 0o600);
      await written.truncate(file.bytes);
      return await copyBytes(from, written, file.bytes, { signal, leavesHoles: true });
    } finally {
      await written.close();
    }
  });
}

/** @param use gets the file, open, and gives the SHA-256 of what it read. @throws Failure where that is another one */
async function withRight(
  { root, ofReplica }: Folder,
  { place, sha256, bytes }: CopiedFile,
  use: (from: FileHandle, found: Stats) => Promise<string>,
): Promise<void> {
  if (place === undefined || sha256 === undefined || ((await undefinedIfAbsent(realpath(root))) ?? root) !== root) {
    throw copiesFailure('brokenBackup');
  }
  const path = join(root, place);
  const damaged = copiesFailure('wrongChecksum', { file: path, ofReplica });
  // A link would lead out of the folder, and a pipe would keep it waiting.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const from = await open(path, flags).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ELOOP')) {
      return undefined;
    }
    throw error;
  });
  try {
    const found = await from?.stat();
    if (from === undefined || found?.isFile() !== true || found.size !== bytes) {
      throw damaged;
    }
    if ((await use(from, found)) !== sha256) {
      throw damaged;
    }
  } finally {
    await from?.close();
  }
}

const pieceBytes = 64 * 1024;
const blockBytes = 16 * pieceBytes;

/**
 * @param leavesHoles zeros take no room, where it is an empty file
 * @returns the SHA-256 of what was read, all of which is on the disk then
 */
async function copyBytes(
  from: FileHandle,
  to: FileHandle,
  bytes: number,
  { signal, leavesHoles = false }: { readonly signal: AbortSignal; readonly leavesHoles?: boolean },
): Promise<string> {
  const [hash, block, zeros] = [createHash('sha256'), Buffer.alloc(blockBytes), Buffer.alloc(blockBytes)];
  for (let at = 0; at < bytes;) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(block, 0, Math.min(blockBytes, bytes - at), at);
    if (bytesRead === 0) {
      break;
    }
    const read = block.subarray(0, bytesRead);
    hash.update(read);
    if (!leavesHoles) {
      await writeAll(to, read, at);
    } else if (!read.equals(zeros.subarray(0, bytesRead))) {
      for (let piece = 0; piece < bytesRead; piece += pieceBytes) {
        const own = read.subarray(piece, piece + pieceBytes);
        if (!own.equals(zeros.subarray(0, own.length))) {
          await writeAll(to, own, at + piece);
        }
      }
    }
    at += bytesRead;
  }
  await to.sync();
  return hash.digest('hex');
}

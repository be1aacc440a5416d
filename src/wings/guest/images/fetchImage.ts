// Fetches an image of the catalogue into the store of labs. What breaks off is continued by the next attempt; nothing
// is used whose digest and headers were not checked.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as promises from 'node:fs/promises';
import { chmod, link, mkdir, open, rename, rm, stat, truncate, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, undefinedIfAbsent } from '../../../base/errno.js';
import { thisComputer } from '../../../base/fileSystem.js';
import { openToRead } from '../../../base/readFileAtMost.js';
import { writeAll } from '../../../base/writeAll.js';
import { Failure } from '../../../domain/failure.js';
import type { Space } from '../../../domain/hostFiles.js';
import { type DiskLock, takeLock } from '../../../journal/diskLock.js';
import { markOfUs } from '../../../journal/processMark.js';
import { readImage } from '../../../qemu/localImage.js';
import { qemuImg } from '../../../qemu/qemuImg.js';
import { guestFailure } from '../guestFailure.js';
import type { CatalogueImage } from './catalogue.js';
import { isOfDigest, type KeptImage, keptName, listKept, removeKept } from '../../../driver/files/keptImages.js';
import { asUnreached, openAddress, readSteadily } from './openAddress.js';
import { wantedDigest, type WantedDigest } from './wantedDigest.js';

const mostImageBytes = 32 * 1024 ** 3;
/** The most connections that may end in the middle; one that brings nothing is the last. */
const mostBreaks = 20;
/** In the folder of a part, beside who holds it. */
const partFile = 'image';
/** On a file system that is full, the VMs whose disks are there pause. */
const staysFree = 64 * 1024 ** 2;
/** How often what is free is asked for, of a server that does not tell how much comes. */
const betweenLooks = 16 * 1024 ** 2;

export interface FetchWish {
  /** The store of labs. */
  readonly store: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** `total` undefined: the server does not tell. */
  readonly onProgress: (received: number, total: number | undefined) => void;
  readonly space?: (folder: string) => Promise<Space>;
  /** See `removeKept`. */
  readonly inUse: Parameters<typeof removeKept>[2];
}

export interface FetchedImage extends Pick<WantedDigest, 'unchecked'> {
  readonly kept: KeptImage;
  /** It was here. */
  readonly isOld: boolean;
}

/** @throws Failure; the reason of the signal */
export async function fetchImage(image: CatalogueImage, wish: FetchWish): Promise<FetchedImage> {
  const { store, environment, signal } = wish;
  const wanted = await wantedDigest(image, signal, environment);
  const { digest } = wanted;
  const notes = { ...(wanted.unchecked !== undefined && { unchecked: wanted.unchecked }) };
  const listOwn = async (): Promise<readonly KeptImage[]> =>
    (await listKept(store)).filter(({ name }) => name === image.name);
  const same = (await listOwn()).find((one) => isOfDigest(one, digest));
  if (same !== undefined) {
    return { kept: same, isOld: true, ...notes };
  }
  const twin = (await listKept(store)).find((one) => isOfDigest(one, digest));
  if (twin === undefined) {
    await receiveKept(image, digest, wish);
  } else {
    // Each content is there once, whatever it is called.
    await link(twin.path, join(store, keptName({ name: image.name, digest, content: twin.content }))).catch(
      (error: unknown) => {
        if (!hasCode(error, 'EEXIST')) {
          throw error;
        }
      },
    );
  }
  const all = await listOwn();
  const kept = all.find((one) => isOfDigest(one, digest));
  if (kept === undefined) {
    throw guestFailure('notKept', { name: image.name });
  }
  for (const older of all) {
    if (older !== kept) {
      // One that somebody rests on stays.
      await removeKept(store, older, wish.inUse);
    }
  }
  return { kept, isOld: twin !== undefined, ...notes };
}

async function receiveKept(image: CatalogueImage, digest: string, wish: FetchWish): Promise<void> {
  const { store, environment } = wish;
  await mkdir(store, { recursive: true, mode: 0o711 });
  // As the store calls what it imports: a part that nobody continues for a day goes.
  const id = createHash('sha256').update(`${image.address}\n${digest}`).digest('hex').slice(0, 16);
  const folder = join(store, `.${id}.part`);
  const part = join(folder, partFile);
  const hold = await holdPart(folder, image.name);
  try {
    const content = await receiveWhole(image, digest, part, wish);
    await requireAlone(image.address, part, environment);
    await chmod(part, 0o644);
    await syncFile(part);
    await rename(part, join(store, keptName({ name: image.name, digest, content })));
  } finally {
    await ((await undefinedIfAbsent(stat(part))) === undefined ? removePart(folder) : hold.release());
  }
}

/** Two that write into one file would spoil it for each other. @throws Failure `fetching` */
async function holdPart(part: string, name: string): Promise<DiskLock> {
  await promises.mkdir(part, { recursive: true, mode: 0o700 });
  const taken = await takeLock(promises, part, await markOfUs(), partFile);
  if (typeof taken === 'string') {
    throw guestFailure('fetching', { name });
  }
  return taken;
}

/** In one move, with who holds it: for another process it is gone, or not begun. */
async function removePart(part: string): Promise<void> {
  const aside = join(dirname(part), `.${randomBytes(8).toString('hex')}.part`);
  await rename(part, aside);
  await rm(aside, { recursive: true });
}

/** @returns the name of its content in the store */
async function receiveWhole(image: CatalogueImage, digest: string, part: string, wish: FetchWish): Promise<string> {
  let isContinued = await receive(image, part, wish);
  for (;;) {
    const { found, content } = await digestsOf(part, digest.length, wish.signal);
    if (found === digest) {
      return content;
    }
    await undefinedIfAbsent(unlink(part));
    // What was received before may have been of another image.
    if (!isContinued) {
      throw guestFailure('wrongChecksum', { address: image.address });
    }
    isContinued = await receive(image, part, wish);
  }
}

/** @returns whether it continued what was there when it began */
async function receive({ address, digest }: CatalogueImage, part: string, wish: FetchWish): Promise<boolean> {
  const { signal } = wish;
  const sizeNow = async (): Promise<number> => (await undefinedIfAbsent(stat(part)))?.size ?? 0;
  let isContinued = (await sizeNow()) > 0;
  for (let breaks = 0; ; breaks++) {
    const from = await sizeNow();
    const answer = await openAddress(address, { signal, from, isPinned: digest !== undefined });
    try {
      const status = answer.statusCode ?? 0;
      const range = /^bytes (\d+)-/u.exec(answer.headers['content-range'] ?? '');
      const isRest = status === 206 && Number(range?.[1]) === from;
      if (from > 0 && (status === 416 || (status === 206 && !isRest))) {
        // All of it is here, or none of it is of this file: the digest tells.
        if (breaks > 0 || status === 206) {
          await truncate(part);
          isContinued = false;
          continue;
        }
        return true;
      }
      if (status !== 200 && !isRest) {
        throw guestFailure('answered', { address, status });
      }
      isContinued &&= isRest;
      const at = isRest ? from : 0;
      const length = Number(answer.headers['content-length'] ?? Number.NaN);
      const total = Number.isSafeInteger(length) ? at + length : undefined;
      await requireRoom(address, { total: total ?? at, at }, wish);
      await writeFrom(answer, { part, address, at, total }, wish);
      return isContinued;
    } catch (error) {
      const fault = asUnreached(error, address, signal);
      const isBroken = fault instanceof Failure && fault.reason === 'unreached';
      if (!isBroken || breaks >= mostBreaks || (await sizeNow()) <= from) {
        throw fault;
      }
    } finally {
      answer.destroy();
    }
  }
}

interface Receiving {
  readonly part: string;
  readonly address: string;
  readonly at: number;
  readonly total: number | undefined;
}

async function writeFrom(
  answer: AsyncIterable<Buffer>,
  { part, address, at, total }: Receiving,
  wish: FetchWish,
): Promise<void> {
  const file = await open(part, at === 0 ? 'w' : 'r+', 0o600);
  let size = at;
  let seen = at;
  try {
    for await (const bytes of readSteadily(answer, address)) {
      size += bytes.length;
      if (size > mostImageBytes) {
        throw guestFailure('tooLarge', { address, most: mostImageBytes });
      }
      if (total === undefined && size - seen >= betweenLooks) {
        await requireRoom(address, { total: size, at: seen }, wish);
        seen = size;
      }
      await writeAll(file, bytes, size - bytes.length);
      wish.onProgress(size, total);
    }
  } catch (error) {
    const fault = hasCode(error, 'ENOSPC', 'EDQUOT')
      ? guestFailure('noRoom', { folder: wish.store, bytes: size, free: await freeOf(wish) })
      : error;
    if (fault instanceof Failure && fault.reason === 'noRoom') {
      // What it took is given back.
      await undefinedIfAbsent(unlink(part));
    }
    throw fault;
  } finally {
    await file.close();
  }
}

async function requireRoom(
  address: string,
  { total, at }: { readonly total: number; readonly at: number },
  wish: FetchWish,
): Promise<void> {
  if (total > mostImageBytes) {
    throw guestFailure('tooLarge', { address, most: mostImageBytes });
  }
  const bytes = total - at + staysFree;
  const free = await freeOf(wish);
  if (bytes > free) {
    throw guestFailure('noRoom', { folder: wish.store, bytes, free });
  }
}

async function freeOf({ store, space = (folder) => thisComputer.space(folder) }: FetchWish): Promise<number> {
  return (await space(store)).free;
}

async function digestsOf(
  part: string,
  length: number,
  signal: AbortSignal,
): Promise<{ readonly found: string; readonly content: string }> {
  const digest = createHash(length === 128 ? 'sha512' : 'sha256');
  // As the store names an image that rests on nothing.
  const content = createHash('sha256').update('qcow2\n\n');
  for await (const bytes of createReadStream(part, { signal }) as AsyncIterable<Buffer>) {
    digest.update(bytes);
    content.update(bytes);
  }
  return { found: digest.digest('hex'), content: content.digest('hex') };
}

/** It is qcow2, and names no other file. */
async function requireAlone(address: string, part: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const host = { files: thisComputer, qemuImg: qemuImg(environment) };
  const facts = await readImage(part, host, undefined, 'head').catch(() => 'unknown' as const);
  const isFit =
    facts !== 'unknown' &&
    facts.format === 'qcow2' &&
    facts.backing === undefined &&
    facts.corrupt !== true &&
    facts.unclosed !== true &&
    facts.dataFile !== true &&
    facts.encrypted !== true;
  if (!isFit) {
    await undefinedIfAbsent(unlink(part));
    throw guestFailure('badImage', { address });
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await openToRead(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

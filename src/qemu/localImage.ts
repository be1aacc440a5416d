// What an image on this machine tells of itself. What may name further files is read here, and qemu-img is asked only
// of what it opens alone; a VM may be writing to it meanwhile.
import { constants } from 'node:fs';
import type { FileSystem, OpenFile } from '../base/fileSystem.js';
import type { Depth, FileFacts, ImageFacts } from '../domain/hostFiles.js';
import { contentSample, mostSampleBytes } from './contentSample.js';
import { BadImage, boundedBytes, type ImageBytes, ReadLimitError } from './imageBytes.js';
import { isEmptyOverlay, lostRamBytes, snapshotsLikePresent, tablesDigest } from './qcow2Content.js';
import { type Qcow2Header, readQcow2Header } from './qcow2Header.js';
import { type Qcow2Snapshot, readQcow2Snapshots } from './qcow2Snapshots.js';
import { formatOf, openAlone, readVmdk } from './otherFormats.js';
import type { ImageHost } from './qemuImg.js';
import { backingOf } from './backingOf.js';
import { asRawImage, factsOf, noImage } from './fileFacts.js';
import { ImageCommand } from './imageCommands.js';
import { LoneImage } from './judgedChain.js';

/** The header and the table of 65,536 snapshots, which is as many as QEMU takes, with names of a usual length. */
const mostHeadBytes = 16 * 1024 * 1024;
/** Bits of a counter that no number of snapshots fills. */
const countsAll = 16;
/** Enough for the tables of 256 GiB of data in clusters of 64 KiB; beyond that the answer is "not known". */
const mostContentBytes = 32 * 1024 * 1024;
/** What a VM changed between two reads belongs together at the next try. */
const attempts = 3;

/** @throws what the file system says; a Failure of qemu-img's */
export async function readImage(
  path: string,
  host: ImageHost,
  format?: string,
  depth: Depth = 'whole',
): Promise<ImageFacts | 'unknown'> {
  const [image, isFixed] = await Promise.all([readContentOf(path, host, format, depth), isImmutable(path, host)]);
  return image === 'unknown' || !isFixed ? image : { ...image, immutable: true };
}

/** The kernel says so of a file before it looks who asks: `EACCES` tells of this user alone. */
async function isImmutable(path: string, { files }: ImageHost): Promise<boolean> {
  try {
    await files.access(path, constants.W_OK);
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EPERM' || code === 'EROFS';
  }
}

async function readContentOf(
  path: string,
  host: ImageHost,
  format: string | undefined,
  depth: Depth,
): Promise<ImageFacts | 'unknown'> {
  const { files } = host;
  const stats = await files.stat(path);
  if ((await factsOf(stats, files)) === undefined) {
    return noImage(stats, format) ?? 'unknown';
  }
  // Whatever stands there now, opening it must not wait for a writer.
  const handle = await files.open(path);
  try {
    for (let attempt = 1; ; attempt++) {
      const facts = await factsOf(await handle.stat(), files);
      if (facts === undefined) {
        return 'unknown';
      }
      if (format === 'raw') {
        return { ...asRawImage(facts), ...(depth === 'whole' ? await sampleImage(handle, facts.bytes, 0) : {}) };
      }
      let is = format ?? 'qcow2';
      try {
        const image =
          format === undefined || format === 'qcow2'
            ? await readQcow2(handle, facts, path, depth, files)
            : ('notQcow2' as const);
        if (image === 'notQcow2' && format === 'qcow2') {
          throw new BadImage('no image of qcow2');
        }
        if (image !== 'notQcow2') {
          return image;
        }
        const bytes = bytesOf(handle, facts.bytes, mostHeadBytes);
        is = format ?? (await formatOf(bytes));
        return await readOther(path, facts, is, bytes, host);
      } catch (error) {
        if (!(error instanceof BadImage)) {
          throw error;
        }
        if (attempt === attempts) {
          return { ...facts, format: is, virtualBytes: 0, corrupt: true };
        }
      }
    }
  } finally {
    await handle.close();
  }
}

/** @throws BadImage; what the file system says */
export async function readHeader(path: string, files: FileSystem): Promise<Qcow2Header | 'notQcow2'> {
  const handle = await files.open(path);
  try {
    const bytes = (await factsOf(await handle.stat(), files))?.bytes ?? 0;
    return await readQcow2Header(bytesOf(handle, bytes, mostHeadBytes));
  } finally {
    await handle.close();
  }
}

/** A snapshot inside of a qcow2, and how large the disk is now. */
export interface InnerSnapshot extends Qcow2Snapshot, Pick<ImageFacts, 'virtualBytes'> {}

/**
 * Undefined where there is none of that name.
 * @throws BadImage; what the file system says
 */
export async function readTag(path: string, tag: string, files: FileSystem): Promise<InnerSnapshot | undefined> {
  const handle = await files.open(path);
  try {
    const head = bytesOf(handle, (await factsOf(await handle.stat(), files))?.bytes ?? 0, mostHeadBytes);
    const header = await readQcow2Header(head);
    if (header === 'notQcow2') {
      return undefined;
    }
    const found = (await readQcow2Snapshots(head, header)).find(({ name }) => name === tag);
    return found && { ...found, virtualBytes: header.virtualBytes };
  } finally {
    await handle.close();
  }
}

async function readQcow2(
  handle: OpenFile,
  facts: FileFacts,
  path: string,
  depth: Depth,
  files: FileSystem,
): Promise<ImageFacts | 'notQcow2'> {
  const head = bytesOf(handle, facts.bytes, mostHeadBytes);
  const header = await readQcow2Header(head);
  if (header === 'notQcow2') {
    return header;
  }
  const told: ImageFacts = {
    ...facts,
    format: 'qcow2',
    virtualBytes: header.virtualBytes,
    corrupt: header.corrupt,
    ...(header.version === 2 ? { oldFormat: true } : {}),
    ...(header.dirty ? { unclosed: true } : {}),
    ...(header.refcountBits < countsAll ? { mostReferences: 2 ** header.refcountBits - 1 } : {}),
    ...(header.encrypted ? { encrypted: true } : {}),
    ...(header.externalData ? { dataFile: true, ...(await dataPathOf(header, path, files)) } : {}),
    ...(header.bitmaps > 0 ? { bitmaps: header.bitmaps } : {}),
    ...(header.backing === undefined
      ? {}
      : { backing: await backingOf(header.backing, header.backingFormat, path, files) }),
  };
  if (depth === 'head') {
    return told;
  }
  const snapshots = await undefinedIfTooMuch(readQcow2Snapshots(head, header));
  if (snapshots === undefined) {
    return told;
  }
  return {
    ...told,
    tags: snapshots.map((snapshot) => snapshot.name),
    tagIds: snapshots.map((snapshot) => snapshot.id),
    tagBytes: new Map(snapshots.map(({ name, diskBytes = header.virtualBytes }) => [name, diskBytes])),
    takenAt: new Map(snapshots.map(({ name, takenAt }) => [name, takenAt])),
    ramTags: snapshots.filter(({ vmStateBytes }) => vmStateBytes > 0).map((snapshot) => snapshot.name),
    ...(header.corrupt || depth === 'tags' ? {} : await readContent(handle, facts.bytes, header, snapshots)),
    ...(depth === 'tags' ? {} : await sampleImage(handle, facts.bytes, header.clusterBytes)),
  };
}

async function dataPathOf(
  { dataFile }: Qcow2Header,
  path: string,
  files: FileSystem,
): Promise<Pick<ImageFacts, 'dataPath'>> {
  const { file, options } = dataFile === undefined ? {} : await backingOf(dataFile, undefined, path, files);
  return file === undefined || options === true ? {} : { dataPath: file };
}

async function readContent(
  handle: OpenFile,
  size: number,
  header: Qcow2Header,
  snapshots: readonly Qcow2Snapshot[],
): Promise<Pick<ImageFacts, 'empty' | 'unchangedSince' | 'lostRamBytes' | 'tables'>> {
  if (header.externalData) {
    // There the first cluster stands at 0, as one that was never written does.
    return {};
  }
  const content = bytesOf(handle, size, mostContentBytes);
  const empty =
    header.backing === undefined
      ? undefined
      : snapshots.length === 0 && (await undefinedIfUnreadable(isEmptyOverlay(content, header)));
  const unchanged = await undefinedIfUnreadable(snapshotsLikePresent(content, header, snapshots));
  const lost = await undefinedIfUnreadable(lostRamBytes(content, header));
  const tables = await undefinedIfUnreadable(tablesDigest(content, header));
  return {
    ...(tables === undefined ? {} : { tables }),
    ...(lost === undefined ? {} : { lostRamBytes: lost }),
    ...(empty === undefined ? {} : { empty }),
    ...(unchanged === undefined ? {} : { unchangedSince: unchanged }),
  };
}

async function undefinedIfTooMuch<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ReadLimitError) {
      return undefined;
    }
    throw error;
  }
}

/**
 * Undefined where it is too much, and where a table is on its way from one place to another, or the file is shorter by
 * now.
 */
async function undefinedIfUnreadable<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ReadLimitError || error instanceof BadImage) {
      return undefined;
    }
    throw error;
  }
}

function bytesOf(handle: OpenFile, size: number, most: number): ImageBytes {
  return boundedBytes(size, most, (into, at) => handle.read(into, at), handle.readAhead);
}

/** A bad block of the disk is no reason to know nothing of the image. */
async function sampleImage(handle: OpenFile, size: number, from: number): Promise<Pick<ImageFacts, 'sample'>> {
  try {
    const sample = await undefinedIfUnreadable(contentSample(bytesOf(handle, size, mostSampleBytes), from));
    return sample === undefined ? {} : { sample };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') {
      return {};
    }
    throw error;
  }
}

/** One that is called what is no format of images here stays unknown but for that. */
async function readOther(
  path: string,
  facts: FileFacts,
  format: string,
  bytes: ImageBytes,
  host: ImageHost,
): Promise<ImageFacts | 'unknown'> {
  if (format === 'raw') {
    return asRawImage(facts);
  }
  if (format === 'vmdk') {
    const { virtualBytes, backing } = await readVmdk(bytes);
    return {
      ...facts,
      format,
      virtualBytes,
      ...(backing === undefined ? {} : { backing: await backingOf(backing, undefined, path, host.files) }),
    };
  }
  return openAlone.has(format) ? askQemuImg(path, facts, host, format) : { ...facts, format, virtualBytes: 0 };
}

async function askQemuImg(
  path: string,
  facts: FileFacts,
  { files, qemuImg }: ImageHost,
  known: string,
): Promise<ImageFacts | 'unknown'> {
  if ((await qemuImg.find()) === undefined) {
    return 'unknown';
  }
  const details = { doing: 'looking at an image', path };
  const told: unknown = JSON.parse(
    await LoneImage.within(path, known, files, (image) => qemuImg.run(ImageCommand.describe(image), details)),
  );
  const format = member(told, 'format');
  const virtualBytes = member(told, 'virtual-size');
  if (typeof format !== 'string' || typeof virtualBytes !== 'number') {
    return 'unknown';
  }
  const backing = member(told, 'backing-filename');
  const backingFormat = member(told, 'backing-filename-format');
  return {
    ...facts,
    format,
    virtualBytes,
    ...(typeof backing === 'string'
      ? {
          backing: await backingOf(backing, typeof backingFormat === 'string' ? backingFormat : undefined, path, files),
        }
      : {}),
  };
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name)
    ? (of as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

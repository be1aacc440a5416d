// What the tables inside images on this machine tell: qcow2 is walked here, of raw images qemu-img says where they have
// holes. A VM may be writing meanwhile.
import { dirname } from 'node:path';
import { type OpenFile, thisComputer } from '../../base/fileSystem.js';
import type { Extent } from '../../domain/blockMap.js';
import type {
  AskedState,
  ImageContents,
  ImageExtents,
  InternalSizes,
  PresentTable,
  Unreadable,
} from '../../domain/imageContents.js';
import { dataRanges } from '../../qemu/dataRanges.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import { OutOfReach, type Turns, turnsOfAll } from './fileTurns.js';
import { BadImage, boundedBytes, type ImageBytes, ReadLimitError } from '../../qemu/imageBytes.js';
import { factsOf } from '../../qemu/fileFacts.js';
import { Extents, mostExtents, qcow2Extents } from '../../qemu/qcow2Extents.js';
import { type Qcow2Header, readQcow2Header } from '../../qemu/qcow2Header.js';
import { internalSizes } from '../../qemu/qcow2Sizes.js';
import { type Qcow2Snapshot, readQcow2Snapshots } from '../../qemu/qcow2Snapshots.js';
import { type ImageHost, qemuImg, type QemuImg } from '../../qemu/qemuImg.js';

/** The tables of 2 TiB of data in clusters of 64 KiB; read in pieces, never kept. */
const mostTableBytes = 256 * 1024 * 1024;
/** What a VM changed between two reads belongs together at the next try. */
const attempts = 3;

export function localContents(environment: NodeJS.ProcessEnv, program: QemuImg = qemuImg(environment)): ImageContents {
  return contentsOf({ files: thisComputer, qemuImg: program }, turnsOfAll);
}

export function contentsOf(host: ImageHost, turns: Turns): ImageContents {
  return {
    internalSizes: (path, present) => reading(path, host, turns, (image) => image.sizes(present)),
    extents: (path, format, states) =>
      format === 'raw'
        ? rawExtents(path, states, host)
        : format === 'qcow2'
          ? reading(path, host, turns, (image) => image.extents(states))
          : Promise.resolve('notQcow2'),
  };
}

/** Why it cannot be read stands in the answer; only what nobody expects is thrown. */
async function reading<T>(
  path: string,
  host: ImageHost,
  turns: Turns,
  look: (image: OpenQcow2) => Promise<T>,
): Promise<T | Unreadable> {
  try {
    const handle = await turns.within(dirname(path), () => openImage(path, host));
    if (handle === undefined) {
      return 'failed';
    }
    try {
      for (let attempt = 1; ; attempt++) {
        const image = await openQcow2(handle, host);
        if (typeof image === 'string') {
          return image;
        }
        try {
          return await look(image);
        } catch (error) {
          if (!(error instanceof BadImage) || attempt === attempts) {
            throw error;
          }
        }
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    return whyNot(error, path);
  }
}

/** Undefined for what is neither a file nor a block device. */
async function openImage(path: string, { files }: ImageHost): Promise<OpenFile | undefined> {
  return (await factsOf(await files.stat(path), files)) === undefined ? undefined : files.open(path);
}

function whyNot(error: unknown, path: string): Unreadable {
  if (error instanceof OutOfReach) {
    return error.why === 'otherHost' ? 'otherHost' : 'failed';
  }
  if (error instanceof BadImage || error instanceof ReadLimitError) {
    return 'failed';
  }
  return fileFailure(error, { path }).kind === 'denied' ? 'denied' : 'failed';
}

interface OpenQcow2 {
  sizes(present: PresentTable): Promise<InternalSizes>;
  extents(states: readonly AskedState[]): Promise<ImageExtents>;
}

async function openQcow2(handle: OpenFile, { files }: ImageHost): Promise<OpenQcow2 | 'notQcow2' | 'dataFile'> {
  const facts = await factsOf(await handle.stat(), files);
  if (facts === undefined) {
    return 'notQcow2';
  }
  const bytes = (): ImageBytes => boundedBytes(facts.bytes, mostTableBytes, (into, at) => handle.read(into, at));
  const head = bytes();
  const header = await readQcow2Header(head);
  if (header === 'notQcow2') {
    return header;
  }
  if (header.externalData) {
    return 'dataFile';
  }
  if (header.corrupt) {
    throw new BadImage('marked as corrupt');
  }
  const snapshots = await readQcow2Snapshots(head, header);
  return {
    sizes: (present) => internalSizes(bytes(), header, snapshots, present),
    extents: async (states) => {
      const told: (readonly Extent[] | 'unreadable')[] = [];
      // One measure for all of them: each of many snapshots may be as large as the whole.
      const image = bytes();
      const room = { extents: mostExtents };
      for (const state of states) {
        told.push(await stateExtents(image, header, snapshots, state, room));
      }
      const { clusterBytes, virtualBytes, extendedL2 } = header;
      return {
        virtualBytes,
        clusterBytes: extendedL2 ? clusterBytes / 32 : clusterBytes,
        allocatedBytes: facts.allocatedBytes,
        states: told,
      };
    },
  };
}

async function stateExtents(
  image: ImageBytes,
  header: Qcow2Header,
  snapshots: readonly Qcow2Snapshot[],
  { tag, after }: AskedState,
  room: { extents: number },
): Promise<readonly Extent[] | 'unreadable'> {
  const own = tag === undefined ? header : snapshots.find(({ name }) => name === tag);
  const before = after === undefined ? undefined : snapshots.find(({ name }) => name === after);
  if (room.extents === 0 || own === undefined || (after !== undefined && before === undefined)) {
    return 'unreadable';
  }
  const diskBytes = 'virtualBytes' in own ? own.virtualBytes : (own.diskBytes ?? header.virtualBytes);
  try {
    const extents = await qcow2Extents(image, header, { l1: own.l1, earlier: before?.l1 }, diskBytes, room.extents);
    room.extents -= extents.length;
    return extents;
  } catch (error) {
    if (error instanceof ReadLimitError) {
      // As much work again for each of the others would be no bound.
      room.extents = 0;
      return 'unreadable';
    }
    throw error;
  }
}

/** It has one state, and is whatever bytes it has: holes are where nothing was ever written. */
async function rawExtents(
  path: string,
  states: readonly AskedState[],
  { files, qemuImg: program }: ImageHost,
): Promise<ImageExtents | Unreadable> {
  try {
    const facts = await factsOf(await files.stat(path), files);
    if (facts === undefined) {
      return 'failed';
    }
    if ((await program.find()) === undefined) {
      return 'noQemuImg';
    }
    const virtualBytes = Math.ceil(facts.bytes / 512) * 512;
    const extents = new Extents(virtualBytes);
    for (const { start, end } of await dataRanges(path, { files, qemuImg: program })) {
      extents.add(start, end, 'data');
    }
    return {
      virtualBytes,
      clusterBytes: 512,
      allocatedBytes: facts.allocatedBytes,
      states: states.map(({ tag, after }) => (tag === undefined && after === undefined ? extents.all : 'unreadable')),
    };
  } catch (error) {
    return whyNot(error, path);
  }
}

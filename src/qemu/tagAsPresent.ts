// A snapshot inside of an image as if it were what the image holds now. QEMU's tools give what they read of one the
// size that the disk has by now, and leave out what lies behind it.
import { posix } from 'node:path';
import type { FailureDetails } from '../domain/failure.js';
import { ImageCommand } from './imageCommands.js';
import type { JudgedChain } from './judgedChain.js';
import type { InnerSnapshot } from './localImage.js';
import type { ImageHost } from './qemuImg.js';

/** Of the image's beginning, with what changes of its header. As large as a cluster of what lies over it. */
const patchBytes = 4096;
/** Places in the header of both versions, from QEMU's docs/interop/qcow2.txt. */
const placeOf = { size: 24, l1Entries: 36, l1: 40 } as const;

/**
 * Nothing is written to the image, and no count in it is looked at, so that a VM may write to it meanwhile: what a
 * snapshot has never changes. Over it lies a header that names the snapshot's table and size.
 *
 * @param use may open the graph with `over`, see `JudgedChain.graph`; what has opened it goes on reading it afterwards
 */
export async function withTagAsPresent<T>(
  chain: JudgedChain,
  { l1, diskBytes, virtualBytes }: InnerSnapshot,
  { files, qemuImg }: ImageHost,
  details: FailureDetails,
  use: (over: string) => Promise<T>,
): Promise<T> {
  const [{ name, bytes }] = chain.layers;
  const folder = await files.temporaryFolder();
  try {
    const head = Buffer.alloc(patchBytes);
    const image = await files.open(name);
    try {
      for (let at = 0, count = -1; count !== 0; at += count) {
        count = await image.read(head.subarray(at), at);
      }
    } finally {
      await image.close();
    }
    head.writeBigUInt64BE(BigInt(diskBytes ?? virtualBytes), placeOf.size);
    head.writeUInt32BE(l1.entries, placeOf.l1Entries);
    head.writeBigUInt64BE(BigInt(l1.at), placeOf.l1);
    const [patch, over] = [posix.join(folder, 'head'), posix.join(folder, 'over')];
    await files.writeNew(patch, '');
    await files.writeOver(patch, head);
    const overBytes = Math.ceil(bytes / patchBytes) * patchBytes;
    await qemuImg.run(ImageCommand.create(over, overBytes, { clusterBytes: patchBytes }), details);
    await qemuImg.run(ImageCommand.fill(patch, over), details);
    return await use(over);
  } finally {
    await files.removeTree(folder);
  }
}

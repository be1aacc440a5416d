// The blocks that the oracle guest writes: what each must hold, and what is wrong with bytes that should be one.
// Must say the same as make_block in scripts/guest/oracle.asm; knows no images.

export const blockBytes = 4096;
const words = blockBytes / 4;
const magic = 0x4b425256; // "VRBK"

/** What a disk holds: the seed of each block that was written. All others are zeros. */
export type Content = ReadonlyMap<number, number>;

/** The whole of a block, which its disk, its number and its seed decide. */
export function makeBlock(disk: number, block: number, seed: number): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  let sum = 0;
  const put = (index: number, value: number): void => {
    bytes.writeUInt32LE(value >>> 0, 4 * index);
    sum = (sum + value) >>> 0;
  };
  [magic, disk, block, seed].forEach((value, index) => put(index, value));
  let x = Math.imul(seed, 2_654_435_761) ^ block ^ (disk << 24);
  for (let index = 4; index < words - 1; index++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    put(index, x >>> 0);
  }
  bytes.writeUInt32LE(sum, blockBytes - 4);
  return bytes;
}

/** What a block turns out to be, for a person who looks for a bug. */
export function describeBlock(bytes: Buffer): string {
  if (bytes.every((byte) => byte === 0)) {
    return 'zeros';
  }
  if (bytes.length < blockBytes || bytes.readUInt32LE(0) !== magic) {
    return 'what no guest wrote';
  }
  const [disk, block, seed] = [4, 8, 12].map((at) => bytes.readUInt32LE(at)) as [number, number, number];
  const whole = makeBlock(disk, block, seed).equals(bytes);
  return `${whole ? '' : 'a damaged '}block ${String(block)} of disk ${String(disk)} with seed ${String(seed)}`;
}

/**
 * Every block of a disk that is not what it must be, as sentences.
 * @param image the disk's bytes, from the first to the last
 */
export function blockDifferences(disk: number, image: Buffer, expected: Content): readonly string[] {
  const differences: string[] = [];
  const zeros = Buffer.alloc(blockBytes);
  const count = Math.ceil(image.length / blockBytes);
  for (let block = 0; block < count; block++) {
    const bytes = image.subarray(block * blockBytes, (block + 1) * blockBytes);
    const seed = expected.get(block);
    if (!bytes.equals(seed === undefined ? zeros : makeBlock(disk, block, seed))) {
      const wanted = seed === undefined ? 'zeros' : `seed ${String(seed)}`;
      differences.push(`block ${String(block)} must be ${wanted}, and is ${describeBlock(bytes)}`);
    }
  }
  for (const block of expected.keys()) {
    if (block >= count) {
      differences.push(`block ${String(block)} must be there, and the image ends before it`);
    }
  }
  return differences;
}

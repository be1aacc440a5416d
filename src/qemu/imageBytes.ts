// The bytes of an image, from which nobody reads beyond its end or more than was agreed. Knows no format.

export interface ImageBytes {
  /** As it was when the image was opened; a VM that writes may make it longer. */
  readonly size: number;
  /** Exactly these bytes; throws BadImage where the file has none. */
  read(at: number, length: number): Promise<Buffer>;
  /** What is read next, each once. Does something only where each read is a message to another computer. */
  readonly readAhead?: ((places: readonly Place[]) => Promise<void>) | undefined;
}

export interface Place {
  readonly at: number;
  readonly length: number;
}

/** What the image says cannot be. The message is for the log. */
export class BadImage extends Error {
  override readonly name = 'BadImage';
}

/** More would have to be read than was agreed: the question stays open. */
export class ReadLimitError extends Error {
  override readonly name = 'TooMuchToRead';
}

/** Where bytes come from: as `FileHandle.read`, with a count that may fall short. */
type ReadInto = (into: Buffer, at: number) => Promise<number>;

/**
 * What the least read takes, in bytes that are read in the same time: an image of tiny clusters has millions of them.
 */
const leastRead = 8 * 1024;

/** @param most bytes that may be read in all, each read counted as `leastRead` at least */
export function boundedBytes(
  size: number,
  most: number,
  readInto: ReadInto,
  readAhead?: ImageBytes['readAhead'],
): ImageBytes {
  let left = most;
  return {
    size,
    readAhead,
    read: async (at, length) => {
      if (!Number.isSafeInteger(at) || at < 0 || length < 0 || at + length > size) {
        throw new BadImage(`${length} bytes at ${at} are not in a file of ${size} bytes`);
      }
      left -= Math.max(length, Math.min(leastRead, most));
      if (left < 0) {
        throw new ReadLimitError(`more than ${most} bytes`);
      }
      const bytes = Buffer.allocUnsafe(length);
      for (let filled = 0; filled < length;) {
        const count = await readInto(bytes.subarray(filled), at + filled);
        if (count <= 0) {
          throw new BadImage(`the file ends before byte ${at + length}`);
        }
        filled += count;
      }
      return bytes;
    },
  };
}

/**
 * The same bytes, the first of them read at once: a header is read in many small pieces, and each would cost a look.
 */
export async function prefetch(image: ImageBytes, length: number): Promise<ImageBytes> {
  const first = await image.read(0, Math.min(image.size, length));
  return {
    size: image.size,
    read: (at, count) =>
      Number.isSafeInteger(at) && at >= 0 && count >= 0 && at + count <= first.length
        ? Promise.resolve(first.subarray(at, at + count))
        : image.read(at, count),
  };
}

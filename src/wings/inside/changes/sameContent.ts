// Whether two files have the same bytes. Reads only what stands in different places, or where the disk changed.
import type { ContentPlace, GuestFileSystem } from '../read/guestFileSystem.js';
import { type ByteRange, type Ranges, rangesWithin } from './ranges.js';

/** Places are asked for this much at a time: a hostile file has millions of them. A multiple of every block. */
const windowBytes = 64 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

interface FileSide {
  readonly system: GuestFileSystem;
  readonly node: number;
}

/** @param changed undefined: nobody knows where the disk changed */
export async function isSameContent(
  one: FileSide,
  other: FileSide,
  bytes: number,
  changed: Ranges | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const mark = await one.system.writeMark?.(one.node);
  if (mark !== undefined && mark === (await other.system.writeMark?.(other.node))) {
    return true;
  }
  for (let at = 0; at < bytes; at += windowBytes) {
    const length = Math.min(windowBytes, bytes - at);
    for (const { start, end } of await openParts(one, other, at, length, changed)) {
      for (let from = start; from < end; from += pieceBytes) {
        signal.throwIfAborted();
        const piece = Math.min(pieceBytes, end - from);
        const [mine, theirs] = await Promise.all([
          one.system.read(one.node, at + from, piece),
          other.system.read(other.node, at + from, piece),
        ]);
        if (!mine.equals(theirs)) {
          return false;
        }
      }
    }
  }
  return true;
}

/** What has to be read of a window, from its start. */
async function openParts(
  one: FileSide,
  other: FileSide,
  at: number,
  length: number,
  changed: Ranges | undefined,
): Promise<readonly ByteRange[]> {
  const [mine, theirs] =
    changed === undefined ? [] : await Promise.all([placesOf(one, at, length), placesOf(other, at, length)]);
  return changed === undefined || mine === undefined || theirs === undefined
    ? [{ start: 0, end: length }]
    : differingParts(mine, theirs, length, changed);
}

async function placesOf({ system, node }: FileSide, at: number, length: number) {
  return system.places?.(node, at, length);
}

function differingParts(
  mine: readonly ContentPlace[],
  theirs: readonly ContentPlace[],
  length: number,
  changed: Ranges,
): readonly ByteRange[] {
  const parts: ByteRange[] = [];
  const [first, second] = [new PlaceCursor(mine), new PlaceCursor(theirs)];
  for (let at = 0; at < length;) {
    const bytes = Math.min(first.left, second.left, length - at);
    if (bytes === 0) {
      // One of them has fewer places than bytes: reading it tells why.
      parts.push({ start: at, end: length });
      break;
    }
    const [here, there] = [first.take(bytes), second.take(bytes)];
    if (here !== there) {
      parts.push({ start: at, end: at + bytes });
    } else if (here !== undefined) {
      const from = at - here;
      parts.push(
        ...rangesWithin(changed, here, here + bytes).map(({ start, end }) => ({
          start: start + from,
          end: end + from,
        })),
      );
    }
    at += bytes;
  }
  return parts;
}

class PlaceCursor {
  #index = 0;
  #taken = 0;

  constructor(private readonly places: readonly ContentPlace[]) {}

  /** How much is left of the current extent. */
  get left(): number {
    return (this.places[this.#index]?.bytes ?? 0) - this.#taken;
  }

  /** @returns where these bytes stand; undefined in a hole */
  take(bytes: number): number | undefined {
    const place = this.places[this.#index];
    const at = place?.at === undefined ? undefined : place.at + this.#taken;
    this.#taken += bytes;
    if (this.left === 0) {
      this.#index += 1;
      this.#taken = 0;
    }
    return at;
  }
}

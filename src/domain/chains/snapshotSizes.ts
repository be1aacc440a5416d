// What a snapshot takes, of the parts that are known: overlays, RAM, what it holds inside of images. Pure.
import type { InternalSize } from '../imageContents.js';
import { type Bytes, type SnapshotSize, sumOf } from '../layers.js';
import type { Snapshot } from '../snapshot.js';

export interface SizeFacts {
  /** What a file takes on its file system. */
  readonly allocated: (file: string) => Bytes;
  /** What the snapshot holds inside the image of this disk. */
  readonly inside: (target: string) => InternalSize | undefined;
  /** What was known before, for what is not known now. */
  readonly told: SnapshotSize | undefined;
  readonly exact: SnapshotSize['exact'];
}

export function snapshotSize(snapshot: Snapshot, { allocated, inside, told, exact }: SizeFacts): SnapshotSize {
  const { name, memory, disks } = snapshot;
  const overlays = disks.flatMap(({ location, file }) => (location === 'external' ? [file] : []));
  const held = disks.filter(({ location }) => location === 'internal').map(({ target }) => inside(target));
  const bytesOf = (file: string | undefined): Bytes => (file === undefined ? 'unknown' : allocated(file));
  const part = (of: 'vmStateBytes' | 'heldBytes' | 'freedBytes'): Bytes =>
    knownBytes(sumOf(held.map((size) => size?.[of] ?? 'unknown')), told?.[of]);
  const overlayBytes = knownBytes(sumOf(overlays.map(bytesOf)), told?.overlayBytes);
  const memoryBytes = knownBytes(bytesOf(memory.file), told?.memoryBytes);
  const vmStateBytes = part('vmStateBytes');
  const heldBytes = part('heldBytes');
  return {
    snapshot: name,
    ...(overlays.length === 0 ? {} : { overlayBytes }),
    ...(memory.location === 'external' ? { memoryBytes } : {}),
    ...(memory.location === 'internal' ? { vmStateBytes } : {}),
    ...(held.length === 0 ? {} : { heldBytes, freedBytes: part('freedBytes') }),
    totalBytes: sumOf([
      ...(overlays.length === 0 ? [] : [overlayBytes]),
      ...(memory.location === 'external' ? [memoryBytes] : []),
      ...(held.length === 0 ? [] : [vmStateBytes, heldBytes]),
    ]),
    exact,
  };
}

/** Unknown as soon as one snapshot inside an image is; what several hold is counted once. */
export function togetherOf(
  snapshots: readonly Snapshot[],
  sizes: readonly SnapshotSize[],
  inside: readonly { readonly togetherBytes: number }[],
): Bytes {
  const isInside = ({ disks }: Snapshot): boolean => disks.some(({ location }) => location === 'internal');
  const parts = snapshots.flatMap((snapshot, index): readonly Bytes[] => {
    const { overlayBytes, memoryBytes, heldBytes = 0 } = sizes[index] ?? {};
    const beside = [overlayBytes ?? 0, memoryBytes ?? 0];
    return isInside(snapshot) && (heldBytes === 'unknown' || inside.length === 0) ? ['unknown'] : beside;
  });
  return sumOf([...parts, ...inside.map(({ togetherBytes }) => togetherBytes)]);
}

function knownBytes(now: Bytes, before: Bytes | undefined): Bytes {
  return now === 'unknown' ? (before ?? now) : now;
}

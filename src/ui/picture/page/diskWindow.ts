// Which part of a disk is shown, and in what cells: from the whole disk to single clusters. Pure.

interface Disk {
  readonly virtualBytes: number;
  readonly clusterBytes: number;
}

export interface DiskWindow {
  /** Bytes from the start of the disk. */
  readonly start: number;
  readonly span: number;
}

/** A cell is at least this wide, in pixels, and less than twice as wide. */
const cellPixels = 8;
/** At the closest, so many clusters fill the width. */
const fewestClusters = 8;

export function wholeDisk({ virtualBytes }: Disk): DiskWindow {
  return { start: 0, span: Math.max(1, virtualBytes) };
}

/** @param around the byte that stays where it is; `factor` below 1 goes closer */
export function zoomWindow(disk: Disk, window: DiskWindow, factor: number, around: number): DiskWindow {
  const most = Math.max(1, disk.virtualBytes);
  const least = Math.min(most, fewestClusters * Math.max(1, disk.clusterBytes));
  const span = Math.min(most, Math.max(least, window.span * factor));
  const share = window.span === 0 ? 0 : (around - window.start) / window.span;
  return clampWindow(disk, { start: around - share * span, span });
}

export function moveWindow(disk: Disk, window: DiskWindow, bytes: number): DiskWindow {
  return clampWindow(disk, { start: window.start + bytes, span: window.span });
}

/** Moved as little as brings the byte into sight. */
export function showing(disk: Disk, window: DiskWindow, from: number, to: number): DiskWindow {
  if (from < window.start) {
    return moveWindow(disk, window, from - window.start);
  }
  return to > window.start + window.span ? moveWindow(disk, window, to - window.start - window.span) : window;
}

function clampWindow({ virtualBytes }: Disk, { start, span }: DiskWindow): DiskWindow {
  return { start: Math.max(0, Math.min(start, virtualBytes - span)), span };
}

/** A cluster times a power of two: cells stay where they are while the window moves, and halve as it goes closer. */
function cellBytes({ clusterBytes }: Disk, { span }: DiskWindow, pixels: number): number {
  let bytes = Math.max(1, clusterBytes);
  while ((bytes / span) * pixels < cellPixels) {
    bytes *= 2;
  }
  return bytes;
}

interface Cells {
  readonly bytes: number;
  /** Index of the first cell in sight: it starts at `first * bytes`. */
  readonly first: number;
  readonly count: number;
}

export function cellsIn(disk: Disk, window: DiskWindow, pixels: number): Cells {
  const bytes = cellBytes(disk, window, pixels);
  const first = Math.floor(window.start / bytes);
  const end = Math.min(disk.virtualBytes, window.start + window.span);
  return { bytes, first, count: Math.max(0, Math.ceil(end / bytes) - first) };
}

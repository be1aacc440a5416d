// UEFI variables of snapshots that do not hold them: libvirt keeps them in a file of their own and copies it into no
// external snapshot. We keep a copy beside it. Knows the files' names and steps, not when a snapshot is taken.
import type { Snapshot } from '../snapshot.js';

/** Where a snapshot's copy stands. */
export function nvramCopy(nvram: string, snapshot: string): string {
  return `${nvram}.${snapshot}`;
}

/** What goes with a snapshot: beside one that another tool has taken, a file of that name is somebody's. */
export function ownNvramCopy(nvram: string, { name, trailers }: Snapshot): string | undefined {
  return trailers.createdBy === undefined ? undefined : nvramCopy(nvram, name);
}

// UEFI variables of snapshots that do not hold them: libvirt keeps them in a file of their own and copies it into no
// external snapshot. We keep a copy beside it. Knows the files' names and steps, not when a snapshot is taken.
/** Where a snapshot's copy stands. */
export function nvramCopy(nvram: string, snapshot: string): string {
  return `${nvram}.${snapshot}`;
}

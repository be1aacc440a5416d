// With control groups of version 1, libvirt makes the group of all its VMs with the first that starts, and gives it
// processors a moment later (`virCgroupV1MakeGroup`): a VM that starts in between gets none, and fails as if a disk
// were full.
import { LibvirtError } from '../libvirt/libvirtError.js';

const ENOSPC = 28;
/** The path is in no language. */
const groupFile = /\/[\w,]*\bcpuset\b.*\/(?:tasks|cgroup\.procs)\b/u;

export function isEmptyCpuset(error: unknown): boolean {
  return error instanceof LibvirtError && error.errno === ENOSPC && groupFile.test(error.message);
}

/** Starts once more where that was the reason: the VM is off then, and the group has its processors by now. */
export async function besideFirstStart<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!isEmptyCpuset(error)) {
      throw error;
    }
    return start();
  }
}

// What a hypervisor tells of the disks of all its VMs at once: values only. It looks into no image.
import type { Bytes } from './layers.js';

/** One layer of a disk. */
export interface LayerStatistics {
  /** The guest device name, for example `vda`. */
  readonly target: string;
  /** Absent for an empty drive and for what is not a file or device of the host. */
  readonly file?: string;
  /** What it takes on its file system. */
  readonly allocatedBytes: Bytes;
  readonly virtualBytes: Bytes;
}

export interface VmStatistics {
  readonly name: string;
  readonly active: boolean;
  /**
   * Disk after disk, each from the top. For a VM that is off mostly the top alone, and without sizes where a job keeps
   * it busy.
   */
  readonly layers: readonly LayerStatistics[];
}

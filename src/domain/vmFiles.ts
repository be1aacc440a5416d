// The files that a VM and its snapshots are made of: values only, and no word of where they were read.
import type { Bytes, Layer } from './layers.js';

/** `metadata`: what libvirt itself writes down of a VM or a snapshot. */
export type FileRole = 'disk' | 'medium' | 'memory' | 'savedState' | 'uefiVariables' | 'tpmState' | 'metadata';

export interface VmFile {
  /** Absolute. */
  readonly path: string;
  readonly role: FileRole;
  /** Guest device name of the disk or drive. */
  readonly target?: string;
  /** qcow2, raw, …; absent where nobody told, or where it is no image. */
  readonly format?: string;
  readonly virtualBytes?: Bytes;
  /** What it takes on its file system. */
  readonly allocatedBytes: Bytes;
  readonly seen: Layer['seen'];
  /** The VM as it is now is made of it. */
  readonly present: boolean;
  /** Names of the snapshots that are made of it. */
  readonly snapshots: readonly string[];
  /** The snapshot after which the overlay was created. */
  readonly after?: string;
  /** The digest of the content, where it was requested. */
  readonly sum?: string;
  /** Names of the other VMs that rest on it. */
  readonly sharedWith: readonly string[];
}

/** What differs beside the disks between two states of a VM. */
export interface StateDifference {
  readonly role: 'uefiVariables' | 'tpmState';
  readonly how: 'same' | 'differs' | 'unknown';
}

export interface VmFiles {
  readonly files: readonly VmFile[];
  /** They are files of the computer that this runs on. */
  readonly nearby: boolean;
  /** Whether it is known where libvirt keeps its own. */
  readonly metadataKnown: boolean;
}

/** Folders, absolute. */
export interface MetadataFolders {
  readonly vms: string;
  readonly snapshots: string;
  readonly saves: string;
  /** Each VM's TPM has a folder in it. */
  readonly tpms: string;
}

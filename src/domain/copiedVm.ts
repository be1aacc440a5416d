// What libvirt keeps of a VM and its snapshots, as a backup holds it. Values only.

/** With what libvirt keeps secret. */
export interface VmDocuments {
  /** What the VM starts with next time. */
  readonly definition: string;
  /** Each behind its parent. */
  readonly snapshots: readonly SnapshotDocument[];
  /** Name of the current snapshot. */
  readonly current?: string;
}

export interface SnapshotDocument {
  readonly name: string;
  readonly parent?: string;
  readonly xml: string;
}

export interface NamedFiles {
  /** Of disks, of what they rest on, of RAM and of UEFI variables. Not the media in drives. */
  readonly files: readonly string[];
  /** Disks that are more or less than a plain file, as the guest names them. */
  readonly odd: readonly string[];
}

export interface RestoredVm {
  readonly name: string;
  readonly uuid: string;
  /** `new`: beside the VM that it is a copy of, so it also gets its own addresses, and no RAM of the other one. */
  readonly identity: 'same' | 'new';
  readonly documents: VmDocuments;
  /** Every file that the documents name. */
  readonly files: readonly { readonly from: string; readonly to: string }[];
}

/** Why no VM can be restored on a connection. */
export type RestoreObstacle = 'notQemu' | 'readOnly' | 'otherHost' | 'nameTaken' | 'uuidTaken';

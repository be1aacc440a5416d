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
  /** Without a way out to networks and to the host, until it is reverted. */
  readonly isolated?: boolean;
  /** The history tells of it; absent: of a check, which removes the VM again. */
  readonly backup?: { readonly madeAt: number; readonly restoredSince: number };
  /** Every file that the documents name. */
  readonly files: readonly { readonly from: string; readonly to: string; readonly format?: string }[];
}

/** What a restored VM takes from its host, and not from the backup. */
export interface HostUse {
  /** Disks that are no plain files: then nothing else is looked for. */
  readonly odd: readonly string[];
  /** For a person: elements of libvirt's, with a path where there is one. */
  readonly parts: readonly string[];
  /** Files that an isolated VM starts with. */
  readonly bootFiles: readonly string[];
}

/** One of the snapshots, as a VM of its own would have it. */
export interface CopiedPoint {
  readonly name: string;
  readonly title: string;
  readonly hasRam: boolean;
  readonly disks: readonly PointDisk[];
  /** Of the UEFI. */
  readonly variables?: string;
}

export interface PointDisk {
  /** As the guest names it. */
  readonly target: string;
  readonly file: string;
  /** `external`: the file holds what the disk was, and nothing else. `internal`: a tag in the file does. */
  readonly content: 'external' | 'internal' | 'no';
}

/** Why no VM can be restored on a connection. */
export type RestoreObstacle = 'notQemu' | 'readOnly' | 'otherHost' | 'nameTaken' | 'uuidTaken';

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

/** A VM that has a part of these snapshots, and no others, is still the one that was seen. */
export type KnownDocuments = Pick<VmDocuments, 'definition' | 'snapshots'>;

export interface SnapshotDocument {
  readonly name: string;
  readonly parent?: string;
  readonly xml: string;
}

export interface NamedFiles {
  /** Files of disks, of what these rest on, of RAM and of UEFI variables. Not the media in drives. */
  readonly files: readonly string[];
  /** Disks that are more or less than a plain file or block device, as the guest names them. */
  readonly odd: readonly string[];
  /** Disks on a block device, and encrypted ones: their bytes are not all that a VM elsewhere needs. */
  readonly special: readonly string[];
  /** What libvirt has to know for encrypted disks. */
  readonly secrets: readonly NamedSecret[];
}

/** A secret of libvirt's, by its UUID or its usage: its value is in no document. */
export interface NamedSecret {
  /** As the guest names the disk. */
  readonly disk: string;
  readonly name: string;
}

export interface RestoredVm {
  readonly name: string;
  readonly uuid: string;
  /** `new`: beside the VM that it is a copy of, so it also gets its own addresses, and no RAM of the other one. */
  readonly identity: 'same' | 'new';
  readonly documents: VmDocuments;
  /** What it may have of its host, and of what the documents say. Absent: they are our own. */
  readonly rule?: RestoreRule;
  /** The history tells of it; absent: of a check, which removes the VM again. */
  readonly backup?: { readonly madeAt: number; readonly restoredSince: number };
  /** Every file that the documents name. */
  readonly files: readonly { readonly from: string; readonly to: string; readonly format?: string }[];
}

/** Before RAM: the VM, and what libvirt notes beside it. */
export interface SavedText {
  readonly xml: string;
  readonly cookie?: string;
}

export interface RestoreRule {
  /** Without a way out to networks and to the host. */
  readonly isolated: boolean;
  /** A person said that parts of the host which it names are right. Not where it is isolated. */
  readonly keepsHostParts?: boolean;
  /** Those of the host that it may start with, by the name that the documents have for each: without links. */
  readonly bootFiles: ReadonlyMap<string, string>;
}

/** The same, with what libvirt on the host says. */
export interface HostRule extends RestoreRule {
  /** By architecture and type of VM. */
  readonly emulators: ReadonlyMap<string, string>;
  /** What the VM has there already. */
  readonly knownParts?: ReadonlySet<string>;
}

/** What a restored VM does not get, and what it takes from its host. For a person, by libvirt's names. */
export interface HostUse {
  /** Disks that are no files of the backup: then nothing else is looked for. */
  readonly odd: readonly string[];
  readonly secrets: readonly NamedSecret[];
  readonly leftOut: readonly string[];
  readonly ofHost: readonly string[];
  /** Snapshots whose RAM may not load, as something that their guests had is left out. */
  readonly ramInDoubt: readonly string[];
}

/** One of the snapshots, as a VM of its own would have it. */
export interface CopiedPoint {
  readonly name: string;
  readonly title: string;
  readonly hasRam: boolean;
  readonly disks: readonly PointDisk[];
  /** The file of the UEFI variables. */
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

/** On another host, as it was on its own. */
export interface MovedVm {
  readonly name: string;
  readonly uuid: string;
  readonly documents: VmDocuments;
}

/** `guests`: no VMs of that processor and hypervisor; `machine`: of them, not that type. */
export interface Lacking {
  readonly what: 'guests' | 'machine';
  readonly name: string;
}

/** What a VM of another host takes from this one, for a person, by libvirt's names. */
export interface MovedNeeds {
  readonly lacking?: Lacking;
  /** Parts of which nobody here can tell what libvirt does with them. */
  readonly unknown: readonly string[];
  readonly ofHost: readonly string[];
  /** The program that runs it here, where that is another one. */
  readonly emulator?: string;
  /** As they are, but for that program. */
  readonly documents: VmDocuments;
}

/** As libvirt has a VM at this moment. */
export interface StandingVm {
  readonly name: string;
  readonly isOff: boolean;
  /** Since its daemon was started. */
  readonly hasRun: boolean;
  /** It starts with its host. */
  readonly autostart: boolean;
  /** Else libvirt forgets it, and its snapshots, when it stops. */
  readonly isPersistent: boolean;
  /** libvirt's, which incremental backups go by. */
  readonly checkpoints: number;
}

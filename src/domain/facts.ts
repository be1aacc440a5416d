// All that is known of a VM, its snapshots and its files at one moment, as far as it was asked for. Values only.
import type { Capabilities } from './capabilities.js';
import type { FrozenRecord } from './frozenRecord.js';
import type { Hardware } from './hardware.js';
import type { CannotAct, FileFacts, FolderNames, ImageFacts, Observation } from './hostFiles.js';
import type { KeptBy } from './keeper.js';
import type { VmLayers } from './layers.js';
import type { AutoReason } from './description.js';
import type { MeasuredOperation } from './loggedOperation.js';
import type { Refusal } from './refusal.js';
import type { Seamless } from './seamless.js';
import type { SavedRam, SnapshotTree } from './snapshot.js';
import type { StartNeeds } from './startNeeds.js';
import type { Tuning } from './speed.js';
import type { Vm, VmDisk } from './vm.js';

/** Everything a decision rests on. What is undefined is not known yet; rules that need it wait for the fresh check. */
export interface Facts {
  readonly vm: Vm;
  readonly tree: SnapshotTree;
  readonly capabilities: Capabilities;
  /** Milliseconds since 1970, on the host of the editor. */
  readonly now: number;
  /** Targets of disks with a block job on them. */
  readonly blockJobs?: readonly string[];
  /** Names of libvirt's checkpoints, which incremental backups go by. */
  readonly checkpoints?: readonly string[];
  /** For each snapshot, the disks that its own `<domain>` names: the frozen files with its content. */
  readonly frozenDisks?: ReadonlyMap<string, readonly VmDisk[]>;
  readonly files?: FileFactsByPath;
  /** What the VM is configured with now, and by snapshot what it was then; one that could not be read is not there. */
  readonly hardware?: { readonly now: Hardware; readonly then: ReadonlyMap<string, Hardware> };
  /** By snapshot that the VM is to be as: what QEMU needs beside disks; one that could not be read is not there. */
  readonly startNeeds?: ReadonlyMap<string, StartNeeds>;
  /** The disks of the next start of a persistent VM that is on. */
  readonly configured?: readonly VmDisk[];
  /** By file with the RAM of a snapshot; what nobody here may look into is not there. */
  readonly savedRam?: ReadonlyMap<string, SavedRam>;
  /** Every other VM on the host, as far as it is known here, for operations that change or remove files. */
  readonly otherVms?: readonly OtherVm[];
  /** URIs of connections to the same host whose VMs could not be asked for. */
  readonly unasked?: readonly string[];
  /** By path: the images in the VM's folders that no VM and no snapshot names, and that rest on others. */
  readonly strays?: ReadonlyMap<string, StrayImage>;
  /** Snapshots that are known to be older than the VM's last run, by `identityOf`. */
  readonly olderThanLastRun?: readonly string[];
  /** Title of a snapshot that need not be there any more: its RAM went to a file, and the VM has stood still since. */
  readonly standsSince?: string;
  /**
   * By path: the files that our record names as made for the VM, or for the one that is to be made, and that are what
   * was made. Their identity; undefined where nobody here can see it. What is not there is not ours.
   */
  readonly made?: ReadonlyMap<string, string | undefined>;
  /** Snapshots that we took unasked, as our own records have them. */
  readonly autoSnapshots?: readonly AutoSnapshot[];
  /** Whether the RAM can be kept while the guest runs on; undefined: not asked, which is no permission. */
  readonly seamless?: Seamless;
  /** Why QEMU saves no RAM of this VM, in its own words; asked only of one whose RAM is in doubt. */
  readonly ramBlockers?: readonly string[];
  /** What a snapshot of a running guest's RAM has left in QEMU; asked only where one was interrupted. */
  readonly stream?: 'none' | 'left';
  /** Who beside libvirt starts and stops it; absent: not asked, or no shell leads to its host. */
  readonly keeper?: KeptBy;
  /** The limits of its disks and networks; asked only of one that is on, by what changes them. */
  readonly tuning?: Tuning;
  /** Whether debuggers can connect to its QEMU; asked only where one was interrupted. */
  readonly debugger?: 'none' | 'left';
  readonly agent?: 'answers' | 'silent' | 'frozen';
  /** `FileFacts.real` of files that a program has open as a disk to write to; absent: not known, or not asked. */
  readonly written?: ReadonlySet<string>;
  /** The same of files that a program relies on: see `ImageLocks`. */
  readonly held?: ReadonlySet<string>;
  /** By path: what the host forbids the VM's QEMU to write to before its next start, as far as it is known. */
  readonly forbidden?: ReadonlySet<string>;
  /** What operations on it took, as our log has it, oldest first; only the newest of the log are looked at. */
  readonly measured?: readonly MeasuredOperation[];
  /** Names of the snapshots that somebody marked as to be kept. */
  readonly kept?: readonly string[];
  /** Why nothing new is begun: entries of the journal that cannot be read, and that may be of this VM. */
  readonly unreadEntries?: readonly Refusal[];
  /** The same, of operations that were interrupted, and that nobody is bringing to their end. */
  readonly leftEntries?: readonly Refusal[];
  /** What the layers of snapshots were, as we noted it. */
  readonly frozenRecords?: readonly FrozenRecord[];
  /** Sizes that were read before, for files that the look itself did not see. */
  readonly layers?: VmLayers;
}

/** By absolute path. A path that is not there was not looked at. */
export interface FileFactsByPath {
  readonly images: ReadonlyMap<string, Observation<ImageFacts>>;
  readonly files: ReadonlyMap<string, Observation<FileFacts>>;
  /** By folder. */
  readonly freeBytes: ReadonlyMap<string, number>;
  /** By folder, of its whole file system. */
  readonly totalBytes?: ReadonlyMap<string, number>;
  /** By folder: what we may do there, or why nothing. */
  readonly canAct: ReadonlyMap<string, 'yes' | CannotAct>;
  /** By folder: asked by `namesIn` and its like. */
  readonly lists: ReadonlyMap<string, FolderNames>;
  /** By file: whether what is in it can be changed by us, or why not; asked only where a plan would. */
  readonly canChange?: ReadonlyMap<string, 'yes' | CannotAct>;
  /** Files and folders that gave no answer in time: what is not known of them may be known another time. */
  readonly late?: readonly `/${string}`[];
}

export interface StrayImage {
  /** All below it, the next one first. */
  readonly restsOn: readonly string[];
  /** Milliseconds since 1970; absent: not known. */
  readonly modifiedAt?: number;
  /** Nothing was written to it; absent: not known, or not asked. */
  readonly empty?: true;
  /** A VM or a snapshot names it by another path, or a program has it open. */
  readonly isUsed?: true;
}

export interface OtherVm {
  readonly uuid: string;
  readonly name: string;
  /** Of another libvirt on the host: one of the same UUID is another VM. */
  readonly isElsewhere?: true;
  /** Every file that its disks and snapshots name, with all that they rest on as far as it could be followed. */
  readonly files: readonly string[];
  /** Those of them that its disks are on. */
  readonly writes?: readonly string[];
  /** Each file below one of these disks. */
  readonly below?: readonly { readonly disk: string; readonly file: string }[];
  /** Files whose backing files could not be seen. */
  readonly unread: readonly string[];
  readonly active?: boolean;
  /** What its snapshots froze, with all that lies below. */
  readonly froze?: readonly FrozenFile[];
}

export interface FrozenFile {
  readonly file: string;
  /** Title of a snapshot that needs it as it is. */
  readonly snapshot: string;
  /** That one froze this very file; absent: one above it. */
  readonly isTop?: true;
}

export interface AutoSnapshot {
  readonly name: string;
  readonly why: AutoReason;
  /** Milliseconds since 1970, as the snapshot itself says: another of that name is not ours. */
  readonly createdAt: number;
  /** The snapshot that was reverted to. */
  readonly target?: string;
  /** The process that reads its files, see `nameOfMark`. */
  readonly by?: string;
  /** An operation that broke off left it, or the recovery of one made it: no rule takes it away. */
  readonly stays?: true;
}

// A decided operation: what will be done, step by step, and what it costs. Values only; planOperation decides.
import type { Capabilities } from './capabilities.js';
import type { CannotAct, FileFacts, ImageFacts, NewOverlay, Seen } from './hostFiles.js';
import type { AutoReason, OperationRequest, PowerAction } from './operation.js';
import type { VmLayers } from './layers.js';
import type { Refusal, Refused } from './refusal.js';
import type { SavedRam, SnapshotKind, SnapshotTree } from './snapshot.js';
import type { Vm, VmDisk } from './vm.js';

export interface CreateStep {
  readonly do: 'createSnapshot';
  readonly name: string;
  /** With its trailers. */
  readonly description: string;
  readonly kind: SnapshotKind;
  readonly style: 'internal' | 'external';
  readonly quiesce: boolean;
  /** Each disk of the VM that takes part, with its overlay file for an external one; others are `no`. */
  readonly disks: readonly { readonly target: string; readonly file?: string }[];
  /** Absolute path, for external memory. */
  readonly memoryFile?: string;
  /** The guest runs on while its RAM is written. */
  readonly live?: boolean;
  /** With `live`: what the file with the RAM may take, where the free space is known. */
  readonly mostBytes?: number;
  /** Taken by us; kept in our records when it is there. */
  readonly auto?: AutoReason;
}

export type Step =
  | CreateStep
  | { readonly do: 'revert'; readonly snapshot: string; readonly to: 'asSnapshot' | 'running' | 'paused' }
  | { readonly do: 'deleteSnapshot'; readonly snapshot: string }
  | { readonly do: 'describeSnapshot'; readonly snapshot: string; readonly description: string }
  | { readonly do: 'power'; readonly action: PowerAction }
  /** A managed save's RAM comes back, and nothing runs. */
  | { readonly do: 'startPaused' }
  | { readonly do: 'dropManagedSave' }
  /** Waits until this second (since 1970) is over: libvirt names overlays by it. */
  | { readonly do: 'waitUntil'; readonly second: number }
  | { readonly do: 'createOverlays'; readonly overlays: readonly (NewOverlay & { readonly target: string })[] }
  /** The VM, which is off, gets the snapshot's configuration, with these files as disks. */
  | { readonly do: 'defineFromSnapshot'; readonly snapshot: string; readonly disks: readonly TargetFile[] }
  /** Redefined as the current one; `disks`: the overlays that it names from now on, where it has no children. */
  | { readonly do: 'makeCurrent'; readonly snapshot: string; readonly disks?: readonly TargetFile[] }
  /** The VM starts from a snapshot's memory file, with these files as disks. */
  | {
      readonly do: 'restoreMemory';
      readonly snapshot: string;
      readonly file: string;
      readonly disks: readonly TargetFile[];
      readonly to: 'running' | 'paused';
    }
  /** Metadata only: nothing happens to any file. */
  | { readonly do: 'forgetSnapshot'; readonly snapshot: string }
  /**
   * libvirt is told of an external snapshot that it took and did not write down: the VM stands on its overlays already.
   * `below`: what they froze. `createdAt`: seconds since 1970.
   */
  | {
      readonly do: 'adoptSnapshot';
      readonly made: CreateStep;
      readonly below: readonly (TargetFile & { readonly format: string })[];
      readonly state: 'running' | 'paused';
      readonly parent?: string;
      readonly createdAt: number;
    }
  /** A second snapshot of that name on the same files, with the same parent; `keeps`: without its RAM. */
  | {
      readonly do: 'redefineAs';
      readonly snapshot: string;
      readonly name: string;
      readonly description: string;
      readonly keeps?: 'disks';
    }
  /** Without a parent it is a root from now on. */
  | { readonly do: 'reparent'; readonly snapshot: string; readonly parent?: string }
  /** Its own `<domain>` names these files from now on, for what it froze is in them. */
  | {
      readonly do: 'nameFrozenFiles';
      readonly snapshot: string;
      readonly disks: readonly (TargetFile & { readonly format: string })[];
    }
  /** Takes the marks of a delete that broke off out of the metadata. */
  | { readonly do: 'clearUnfinishedDelete'; readonly snapshot: string }
  | { readonly do: 'removeFiles'; readonly files: readonly string[] }
  /** What we did not make: each goes into a folder beside it, from which it can be had back. */
  | { readonly do: 'trashFiles'; readonly files: readonly string[] }
  /** QEMU writes all layers above `base` into it and goes over to it, while the VM is on. */
  | ({ readonly do: 'blockCommit' } & CommittedDisk & { readonly bytesPerSecond?: number })
  /** The same of a VM that is off: by us, on the files; then it is defined on the bases. */
  | { readonly do: 'commitImages'; readonly disks: readonly CommittedDisk[]; readonly bytesPerSecond?: number }
  | { readonly do: 'removeTag'; readonly file: string; readonly tag: string }
  /** A transient VM gets a configuration, the one that it runs with: it and its snapshots stay when it stops. */
  | { readonly do: 'makePersistent' }
  /** What a VM that runs starts with next time: on these files, the ones that it is on now. */
  | { readonly do: 'configureDisks'; readonly disks: readonly (TargetFile & { readonly format: string })[] }
  /** UEFI variables beside the original, or back. */
  | { readonly do: 'copyFile'; readonly from: string; readonly to: string; readonly existing: 'keep' | 'replace' }
  | { readonly do: 'thawGuest' }
  /** Through the guest agent; the operation is good without. */
  | { readonly do: 'setGuestClock' };

export interface TargetFile {
  readonly target: string;
  readonly file: string;
}

/** One disk of a VM that gets fewer layers. */
export interface CommittedDisk {
  readonly target: string;
  /** The file that it stands on before. */
  readonly top: string;
  /** The one that it stands on afterwards. */
  readonly base: string;
  readonly baseFormat: string;
  /** All whose content goes into the base, top first. */
  readonly merged: readonly string[];
}

/** What is gone afterwards. `since` is the name of the snapshot that is current, if any. */
export type Loss =
  | {
      readonly what: 'diskChanges';
      readonly since?: string;
      /** Bytes that the files with the changes take, where that is known. */
      readonly disks?: readonly { readonly target: string; readonly bytes: number }[];
    }
  /** The RAM of a managed save. */
  | { readonly what: 'managedSave' }
  /** Files that are removed without anybody resting on them. */
  | { readonly what: 'files'; readonly files: readonly string[] }
  | { readonly what: 'ram' }
  | { readonly what: 'configuration' }
  | { readonly what: 'restorePoints'; readonly names: readonly string[] }
  | { readonly what: 'unsavedWork' };

export type Warning =
  | { readonly about: 'guestStandsStill'; readonly estimateMs?: number }
  /**
   * A guest that writes to its RAM faster than it is saved, which nobody can know before, is stopped so that it ends: for
   * so long at most, with so many bytes written.
   */
  | { readonly about: 'mayBeStopped'; readonly estimateMs: number; readonly bytes: number }
  | { readonly about: 'crashConsistent' }
  /**
   * Data that came after the snapshot goes on living in `into`: the file that takes it, where it is known; at most
   * `bytes` of it.
   */
  | { readonly about: 'merges'; readonly into?: string; readonly bytes?: number }
  | { readonly about: 'startsQemu' }
  | { readonly about: 'knownBadVersion'; readonly version: string; readonly why: string }
  | { readonly about: 'agentMissing' }
  /** This libvirt makes the snapshot and cannot revert to it; `needed` can. */
  | { readonly about: 'cannotRevertHere'; readonly version: string; readonly needed: string }
  /** UEFI variables stay as they are: the snapshot does not hold them. */
  | { readonly about: 'nvramNotCaptured' }
  /** A transient VM: it and its snapshots vanish from libvirt when it stops. */
  | { readonly about: 'vanishesWhenStopped' }
  /** This libvirt forgets the file instead of removing it. */
  | { readonly about: 'leavesFile'; readonly file: string }
  /** They are not removed: `folders` are where they are from then on. */
  | { readonly about: 'goesToTrash'; readonly files: readonly string[]; readonly folders: readonly string[] }
  /** libvirt cannot do it here, so its files are made by us; `why`: the refusal that it would have been. */
  | { readonly about: 'doneByUs'; readonly why: Refusal }
  /** Nothing changed since the current snapshot, so no checkpoint is taken. */
  | { readonly about: 'noCheckpointNeeded'; readonly since: string }
  /** The checkpoint holds the disks alone: RAM cannot be kept on this VM. */
  | { readonly about: 'checkpointWithoutRam'; readonly why: Refusal }
  /** The guest runs on between its checkpoint and its end, and what it writes then is in neither. */
  | { readonly about: 'runsOnAfterCheckpoint' }
  | { readonly about: 'needsSpace'; readonly bytes: number; readonly folder: string; readonly free?: number }
  /** It could not be seen whether a file that this rests on is whole. */
  | { readonly about: 'notChecked'; readonly files: readonly string[] }
  /** They go, and whether another tool made snapshots inside of them could not be seen. */
  | { readonly about: 'tagsNotSeen'; readonly files: readonly string[] }
  /** Connections to the same host whose VMs could not be asked for: they may use the files. */
  | { readonly about: 'unaskedConnections'; readonly connections: readonly string[] }
  /** Other VMs may use the files; their chains cannot be read. */
  | { readonly about: 'unreadVms'; readonly vms: readonly string[] }
  /** Hosts that share this storage cannot be seen. */
  | { readonly about: 'otherHostsUnseen' }
  /** TPM state is in no snapshot. */
  | { readonly about: 'tpmNotCaptured' }
  /** The new name is kept as a title only. `files`: a file that bears the old name cannot be moved. */
  | { readonly about: 'titleOnly'; readonly why: 'internal' | 'current' | 'files' }
  /** What the file systems get back: what nobody but these snapshots holds inside of images. */
  | { readonly about: 'frees'; readonly bytes: number; readonly how: 'exact' | 'estimate' | 'atLeast' }
  /** Left out of an operation on several, and why. */
  | { readonly about: 'skipped'; readonly snapshot: string; readonly why: Refusal }
  /** What the file was by itself is gone: whoever keeps it as a template has another one then. */
  | { readonly about: 'changesBase'; readonly file: string }
  /** Disks that the owner keeps out of snapshots. */
  | { readonly about: 'ownerLeftOut'; readonly disks: readonly string[] }
  /** Parts of the VM that stay as they are, whatever is reverted to. */
  | {
      readonly about: 'notInSnapshot';
      readonly devices: readonly ('virtiofs' | '9p' | 'nvdimm' | 'shmem' | 'hostDevice')[];
    }
  /** Notes of changed blocks that do not hear of what is written from now on: the next backup has to be a full one. */
  | { readonly about: 'bitmapsStayBehind'; readonly files: readonly string[] }
  /** The VM gets the hardware that it had when the snapshot was taken. */
  | { readonly about: 'hardwareChanges'; readonly what: readonly string[] };

/** Before the operation, in milliseconds since 1970 by the host's clock; absent: not known. */
export interface LastWrite {
  readonly file: string;
  readonly modifiedAt?: number;
}

/** With a snapshot, an overlay goes into the file that it froze. */
export interface PlannedMerge {
  readonly snapshot: string;
  readonly target: string;
  readonly overlay: string;
  readonly base: string;
}

export interface Plan {
  readonly type: 'plan';
  readonly request: OperationRequest;
  readonly steps: readonly Step[];
  readonly losses: readonly Loss[];
  readonly warnings: readonly Warning[];
  /** Whether libvirt tells how far it is and can stop: external memory and block jobs only. */
  readonly progress: 'percent' | 'timeOnly';
  readonly estimateMs?: number;
  /** The snapshot that the operation makes, reverts to, deletes or edits. */
  readonly snapshot?: string;
  /** The snapshot that keeps the state which a revert leaves. */
  readonly checkpoint?: string;
  /** Of a revert: the files that the VM's disks stand on before it. */
  readonly leaves?: readonly TargetFile[];
  /** Of a delete: files that take a merge. */
  readonly changes?: readonly LastWrite[];
  /** Of a revert by libvirt that brings RAM back: the files that it fits to, which nobody may write to. */
  readonly fits?: readonly LastWrite[];
  /** Of a delete: absent where nothing is merged, and in a journal of before it was kept. */
  readonly merges?: readonly PlannedMerge[];
  /** What the operation will take on the host's file systems, at most, where it can be said. */
  readonly spaceBytes?: number;
}

export type Decision = Plan | Refused;

/** Everything a decision rests on. What is undefined is not known yet; rules that need it wait for the fresh check. */
export interface Situation {
  readonly vm: Vm;
  readonly tree: SnapshotTree;
  readonly capabilities: Capabilities;
  /** Seconds since 1970, on the host of the editor. */
  readonly now: number;
  /** Targets of disks with a block job on them. */
  readonly blockJobs?: readonly string[];
  /** Names of libvirt's checkpoints, which incremental backups go by. */
  readonly checkpoints?: readonly string[];
  /** For each snapshot, the disks that its own `<domain>` names: the frozen files with its content. */
  readonly frozenDisks?: ReadonlyMap<string, readonly VmDisk[]>;
  readonly files?: FilesSeen;
  /** Of a persistent VM that is on: the disks that it starts with next time. */
  readonly configured?: readonly VmDisk[];
  /** By file with the RAM of a snapshot; what nobody here may look into is not there. */
  readonly savedRam?: ReadonlyMap<string, SavedRam>;
  /** Every other VM on the host, as far as it is known here, for operations that change or remove files. */
  readonly otherVms?: readonly OtherVm[];
  /** URIs of connections to the same host whose VMs could not be asked for. */
  readonly unasked?: readonly string[];
  /** By image in the VM's folders that no VM names: what it rests on. */
  readonly strays?: ReadonlyMap<string, readonly string[]>;
  /** Snapshots that are known to be older than the VM's last run, by `identityOf`. */
  readonly ranSince?: readonly string[];
  /** Snapshots that we took unasked, as our own records have them. */
  readonly autoSnapshots?: readonly AutoSnapshot[];
  readonly agent?: 'answers' | 'silent' | 'frozen';
  /** `FileFacts.real` of files that a program has open as a disk to write to; absent: not known, or not asked. */
  readonly written?: ReadonlySet<string>;
  /** The same of files that a program relies on: see `ImageLocks`. */
  readonly held?: ReadonlySet<string>;
  /** Names of the snapshots that somebody marked as to be kept. */
  readonly kept?: readonly string[];
  /** Sizes that were read before, for files that the look itself did not see. */
  readonly layers?: VmLayers;
}

/** By absolute path. A path that is not there was not looked at. */
export interface FilesSeen {
  readonly images: ReadonlyMap<string, Seen<ImageFacts>>;
  readonly files: ReadonlyMap<string, Seen<FileFacts>>;
  /** By folder. */
  readonly freeBytes: ReadonlyMap<string, number>;
  /** By folder, of its whole file system. */
  readonly totalBytes?: ReadonlyMap<string, number>;
  /** By folder: what we may do there, or why nothing. */
  readonly canAct: ReadonlyMap<string, 'yes' | CannotAct>;
  /** By folder: the names in it; a folder that cannot be seen is not there. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** By file: whether what is in it can be changed by us, or why not; asked only where a plan would. */
  readonly canChange?: ReadonlyMap<string, 'yes' | CannotAct>;
}

export interface OtherVm {
  readonly uuid: string;
  readonly name: string;
  /** Every file that its disks and snapshots name, with all that they rest on as far as it could be followed. */
  readonly files: readonly string[];
  /** Files whose backing files could not be seen. */
  readonly unread: readonly string[];
}

export interface AutoSnapshot {
  readonly name: string;
  readonly why: AutoReason;
  /** Seconds since 1970, as the snapshot itself says: another of that name is not ours. */
  readonly createdAt: number;
  /** The snapshot that was reverted to. */
  readonly target?: string;
  /** An operation that broke off left it, or the recovery of one made it: no rule takes it away. */
  readonly stays?: true;
}

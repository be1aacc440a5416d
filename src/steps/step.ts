// What a plan is made of: each step is one act that libvirt, QEMU or we ourselves carry out. Values only.
import type { CloneMark, CloneNetwork, NewVm } from '../domain/clone.js';
import type { ImageCopy, NewOverlay, RebasedOverlay } from '../domain/hostFiles.js';
import type { AutoReason } from '../domain/description.js';
import type { PowerAction } from '../domain/operation.js';
import type { SnapshotKind, SnapshotStyle } from '../domain/snapshot.js';
import type { Tuning } from '../domain/speed.js';
import type { UntoldDisk } from '../domain/vm.js';

export interface CreateStep {
  readonly kind: 'createSnapshot';
  readonly name: string;
  /** With its trailers. */
  readonly description: string;
  readonly snapshotKind: SnapshotKind;
  readonly style: SnapshotStyle;
  readonly quiesce: boolean;
  /** Each disk of the VM that takes part, with its overlay file for an external one; others are `no`. */
  readonly disks: readonly { readonly target: string; readonly file?: string }[];
  /** Absolute path, for external memory. */
  readonly memoryFile?: string;
  /** The guest runs on while its RAM is written. */
  readonly live?: boolean;
  /**
   * The guest stands still for some milliseconds, and QEMU keeps the RAM of that moment: where it cannot, this snapshot
   * is taken `live`.
   */
  readonly seamless?: true;
  /** With `live` or `seamless`: what the file with the RAM may take, where the free space is known. */
  readonly mostBytes?: number;
  /** Taken by us; kept in our records when it is there. */
  readonly auto?: AutoReason;
}

export interface GoingFiles {
  readonly files: readonly string[];
  /** The identity of those that we created, as they were created: another file by that name stays. */
  readonly identities?: Readonly<Record<string, string>>;
}

export type Step =
  | CreateStep
  | { readonly kind: 'revert'; readonly snapshot: string; readonly to: 'asSnapshot' | 'running' | 'paused' }
  | { readonly kind: 'deleteSnapshot'; readonly snapshot: string }
  | { readonly kind: 'describeSnapshot'; readonly snapshot: string; readonly description: string }
  | { readonly kind: 'power'; readonly action: PowerAction }
  /** A managed save's RAM comes back, and nothing runs. */
  | { readonly kind: 'startPaused' }
  | { readonly kind: 'dropManagedSave' }
  /** Waits until this second (since 1970) is over: libvirt names overlays by it. */
  | { readonly kind: 'waitUntil'; readonly second: number }
  | { readonly kind: 'createOverlays'; readonly overlays: readonly (NewOverlay & { readonly target: string })[] }
  /** The VM, which is off, gets the snapshot's configuration, with these files as disks. */
  | { readonly kind: 'defineFromSnapshot'; readonly snapshot: string; readonly disks: readonly TargetFile[] }
  /** Redefined as the current one; `disks`: the overlays that it names from now on, where it has no children. */
  | { readonly kind: 'makeCurrent'; readonly snapshot: string; readonly disks?: readonly TargetFile[] }
  /** The VM starts from a snapshot's memory file, with these files as disks. */
  | {
      readonly kind: 'restoreMemory';
      readonly snapshot: string;
      readonly file: string;
      readonly disks: readonly TargetFile[];
      readonly to: 'running' | 'paused';
    }
  /** Metadata only: nothing happens to any file. */
  | { readonly kind: 'forgetSnapshot'; readonly snapshot: string }
  /**
   * libvirt is told of an external snapshot that it took and did not write down: the VM stands on its overlays already.
   * `below`: what they froze. `createdAt`: milliseconds since 1970. Or of an internal one that others took;
   * `keepsCurrent`: it does not become the current one.
   */
  | {
      readonly kind: 'adoptSnapshot';
      readonly made: CreateStep;
      readonly below: readonly FormattedFile[];
      readonly state: 'running' | 'paused';
      readonly parent?: string;
      readonly createdAt: number;
      readonly keepsCurrent?: true;
    }
  /** QEMU lets go of what a snapshot with `seamless` has left in it. */
  | { readonly kind: 'endStream' }
  /** A second snapshot of that name on the same files, with the same parent; `keeps`: without its RAM. */
  | {
      readonly kind: 'redefineAs';
      readonly snapshot: string;
      readonly name: string;
      readonly description: string;
      readonly keeps?: 'disks';
    }
  /** Without a parent it is a root from now on. */
  | { readonly kind: 'reparent'; readonly snapshot: string; readonly parent?: string }
  /** Its own `<domain>` names these files from now on, for what it froze is in them. */
  | {
      readonly kind: 'nameFrozenFiles';
      readonly snapshot: string;
      readonly disks: readonly FormattedFile[];
    }
  /** An overlay names what it rests on by its name of now: nothing else of it changes. */
  | ({ readonly kind: 'rebaseOverlay'; readonly was: string } & RebasedOverlay)
  /**
   * All that the snapshot tells of these files names them as they are called now; without a snapshot: what the VM's
   * definition tells.
   */
  | { readonly kind: 'nameMovedFiles'; readonly snapshot?: string; readonly files: readonly MovedName[] }
  /** Its own `<domain>` tells what is below these disks from now on: nothing for one that stands alone. */
  | { readonly kind: 'tellLayers'; readonly snapshot: string; readonly disks: readonly UntoldDisk[] }
  /** Takes the marks of a delete that broke off out of the metadata. */
  | { readonly kind: 'clearUnfinishedDelete'; readonly snapshot: string }
  | ({ readonly kind: 'removeFiles' } & GoingFiles)
  /** What we did not make: each goes into a folder beside it, from which it can be had back. */
  | { readonly kind: 'trashFiles'; readonly files: readonly string[] }
  /** QEMU writes all layers above `base` into it and goes over to it, while the VM is on. */
  | ({ readonly kind: 'blockCommit' } & CommittedDisk & { readonly bytesPerSecond?: number })
  /** The same of a VM that is off: by us, on the files; then it is defined on the bases. */
  | { readonly kind: 'commitImages'; readonly disks: readonly CommittedDisk[]; readonly bytesPerSecond?: number }
  | { readonly kind: 'removeTag'; readonly file: string; readonly tag: string }
  /** QEMU counts again which clusters these use: their last writer died. Nobody uses them. */
  | { readonly kind: 'repairImages'; readonly files: readonly string[] }
  /** A transient VM gets a configuration, the one that it runs with: it and its snapshots stay when it stops. */
  | { readonly kind: 'makePersistent' }
  /** What a VM that runs starts with next time: on these files, the ones that it is on now. */
  | { readonly kind: 'configureDisks'; readonly disks: readonly FormattedFile[] }
  /**
   * UEFI variables or the TPM's state beside the original, or back. `folders`: those around it are made, like those
   * around the original.
   */
  | {
      readonly kind: 'copyFile';
      readonly from: string;
      readonly to: string;
      readonly existing: 'keep' | 'replace';
      readonly folders?: 'make';
    }
  /** The CD-ROM that cloud-init reads in a clone, made of the one of the VM, or of its snapshot. */
  | {
      readonly kind: 'writeSeed';
      readonly from: string;
      readonly to: string;
      readonly clone: NewVm;
      readonly snapshot?: string;
    }
  /** Whole images of what these disks hold, each with nothing below it. */
  | { readonly kind: 'copyImages'; readonly disks: readonly CopiedDisk[] }
  /** A VM of the configuration of this one, or of its snapshot, on other files; it is off. */
  | ({ readonly kind: 'defineClone'; readonly snapshot?: string } & ClonedVm)
  /** The clone goes on from RAM of the VM, as the file holds it. */
  | ({ readonly kind: 'restoreClone'; readonly file: string } & ClonedVm)
  /**
   * What was made of a clone that came to nothing: it goes, unless it runs. `handed`: what the RAM of a fork went
   * through, in any case.
   */
  | ({ readonly kind: 'undoClone'; readonly clone: NewVm; readonly handed?: string } & GoingFiles)
  /** A clone, which is off, with its files and its snapshots. */
  | ({ readonly kind: 'discardClone' } & GoingFiles)
  /** `from`: the bytes that it has before; `by`: QEMU while the VM is on, else qemu-img. */
  | ({
      readonly kind: 'growDisk';
      readonly from: number;
      readonly bytes: number;
      readonly by: 'qemu' | 'image';
    } & FormattedFile)
  /**
   * The VM gets the disk, now and for its next starts. `from`: the file is made, is in its place, or is taken out of
   * the trash, where it is `trashed`. `isMade`: by a program that died then. `device`: how it was configured, or the
   * bus of a new one, with the file that its image is to be like.
   */
  | ({
      readonly kind: 'addDisk';
      readonly bytes: number;
      readonly from: 'new' | 'trash' | 'place';
      readonly trashed?: string;
      readonly isMade?: true;
      readonly device: { readonly xml: string } | { readonly bus: string; readonly like: string };
    } & FormattedFile)
  /** The VM, which is off, has the disk no more; its file stays. */
  | ({ readonly kind: 'removeDisk' } & FormattedFile)
  /** What the VM has no longer is left out. `from`: only disks and networks that have these limits. */
  | { readonly kind: 'setLimits'; readonly to: Tuning; readonly from?: Tuning }
  | { readonly kind: 'closeDebugger' }
  | { readonly kind: 'thawGuest' }
  /** Through the guest agent; the operation is good without. */
  | {
      readonly kind: 'setGuestClock';
      /** The guest stood still; absent: its RAM is of another time. */
      readonly after?: 'stop';
    };

export type StepOfKind<K extends Step['kind']> = Extract<Step, { kind: K }>;

export interface MovedName {
  readonly from: string;
  readonly to: string;
}

export interface TargetFile {
  readonly target: string;
  readonly file: string;
}

export interface FormattedFile extends TargetFile {
  /** qcow2, raw, … */
  readonly format: string;
}

/** What a clone has of its own. */
export interface ClonedVm {
  readonly clone: NewVm;
  readonly disks: readonly FormattedFile[];
  /** Its own UEFI variables. */
  readonly nvram?: string;
  /** Its own CD-ROM for cloud-init. */
  readonly seed?: TargetFile;
  readonly network: CloneNetwork;
  /** A fork's guest has them in its RAM. */
  readonly addresses: 'new' | 'kept';
  readonly mark: CloneMark;
}

export interface CopiedDisk extends ImageCopy {
  readonly target: string;
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
  /** The disk stands further up and stays there; these images, each right on `top`, stand on `base` afterwards. */
  readonly above?: readonly string[];
}

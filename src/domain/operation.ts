// What a user can ask to be done with a VM, and what comes back.
import type { CloneNetwork, NewVm, CloneWay } from './clone.js';
import type { AutoReason } from './description.js';
import type { Refusal } from './refusal.js';
import type { Tuning } from './speed.js';
import type { SnapshotKind, SnapshotStyle } from './snapshot.js';
import type { PowerState, VmRef } from './vm.js';

/** The first is the usual one. */
export const statesAfterRevert = ['asSnapshot', 'asBefore', 'running', 'paused', 'off'] as const;
export type AfterRevert = (typeof statesAfterRevert)[number];

export const powerActions = ['start', 'shutDown', 'save', 'forceOff', 'pause', 'resume', 'restart'] as const;
export type PowerAction = (typeof powerActions)[number];

export function isOffAfter(action: string): boolean {
  return action === 'forceOff' || action === 'shutDown' || action === 'save';
}

export const deleteScopes = ['one', 'withDescendants', 'descendants'] as const;
export type DeleteScope = (typeof deleteScopes)[number];

/** What the doctor can mend. Each is planned and refused like any other operation. */
export type Repair =
  /** A tag inside an image that libvirt does not know: left by a daemon or VM that died while it took the snapshot. */
  | { readonly kind: 'removeTag'; readonly file: string; readonly tag: string }
  /** The same becomes a snapshot that libvirt knows: other tools take such too. */
  | { readonly kind: 'adoptTag'; readonly tag: string }
  /** Images of the VM and its snapshots whose last writer died. */
  | { readonly kind: 'repairImages'; readonly files: readonly string[] }
  /** Files of this VM's snapshots that nobody names or rests on any more. */
  | { readonly kind: 'removeFiles'; readonly files: readonly string[] }
  /** Metadata whose data is gone for good, or rests on what it does not belong to. */
  | { readonly kind: 'forgetSnapshot'; readonly snapshot: string }
  /** Its RAM is gone: what is left becomes a disk-only snapshot. */
  | { readonly kind: 'keepDisks'; readonly snapshot: string }
  /** A delete that broke off is begun again. */
  | { readonly kind: 'finishDelete'; readonly snapshot: string }
  /** No snapshot is current although the VM rests on this one. */
  | { readonly kind: 'makeCurrent'; readonly snapshot: string }
  /** The VM stands on the files that its snapshots froze: it is put on new overlays of that snapshot. */
  | { readonly kind: 'leaveFrozenFiles'; readonly snapshot: string }
  /** Somebody undefined the VM while it ran: it would be gone with its snapshots when it stops. */
  | { readonly kind: 'keepVm' }
  /**
   * Somebody moved files: overlays, snapshots and the VM name those that are proven to be the same where they are now.
   */
  | { readonly kind: 'nameMovedFiles' }
  /** The VM would start on other files than it runs on: on those that it runs on. */
  | { readonly kind: 'configureDisks' }
  /** The VM stands in "paused (saving)" and nobody saves it. */
  | { readonly kind: 'resumeAfterSave' }
  | { readonly kind: 'thawGuest' };

/** A disk that was taken out, as the log of operations keeps it. */
export interface RemovedDisk {
  readonly file: string;
  readonly format: string;
  readonly bytes: number;
  /** All of it, as it was configured. */
  readonly xml: string;
  /** Nobody needed the file any more; else it stays where it is. */
  readonly inTrash: boolean;
  /** `birthOf` the file: others of its name may have been put into the trash; absent: nobody here could see it. */
  readonly born?: string;
}

export type DiskChange =
  /** From now on the disk has so many bytes; what snapshots hold of it keeps its size. */
  | { readonly do: 'grow'; readonly target: string; readonly bytes: number }
  /** A new disk, of which it is decided how it and its file are called; or one that was taken out before. */
  | {
      readonly do: 'add';
      readonly bytes: number;
      readonly target?: string;
      readonly file?: string;
      readonly was?: RemovedDisk;
    }
  /** Only one that is on `file`, or rests on it. `was`: how it is, which is known when it is decided. */
  | { readonly do: 'remove'; readonly target: string; readonly file?: string; readonly was?: RemovedDisk };

export type OperationRequest =
  | {
      readonly kind: 'create';
      readonly vm: VmRef;
      readonly snapshotKind: SnapshotKind | 'auto';
      /** Internal or external; absent: the style the VM already has, else internal where it works. */
      readonly style?: SnapshotStyle;
      /** Any text; a safe name is made from it. */
      readonly title: string;
      readonly description?: string;
      readonly quiesce?: boolean;
      /** External memory only: the guest runs on while its RAM is written. */
      readonly live?: boolean;
      /**
       * External memory of a guest that runs: where it can be had, that stands still for some milliseconds alone; with
       * `live`, else so.
       */
      readonly seamless?: true;
      /** Targets of disks that stay out; external only. */
      readonly without?: readonly string[];
      /** Nobody asked for it: why we take it. Written as the `Auto:` trailer. */
      readonly auto?: AutoReason;
      /** `branch@commit` for the trailer. */
      readonly git?: string;
      /** It is kept until then, and goes afterwards: milliseconds since 1970. */
      readonly until?: number;
      /** Of the schedule that takes it: its name. */
      readonly by?: string;
    }
  | {
      readonly kind: 'revert';
      readonly vm: VmRef;
      readonly snapshot: string;
      readonly after: AfterRevert;
      /** The current state becomes a snapshot before anything else; absent: no. */
      readonly checkpointFirst?: boolean;
      /** When it began, after which that snapshot is named: milliseconds since 1970; absent: when it is decided. */
      readonly begunAt?: number;
      /** As of `create`, for that snapshot. */
      readonly seamless?: true;
    }
  | {
      readonly kind: 'delete';
      readonly vm: VmRef;
      readonly snapshot: string;
      readonly scope: DeleteScope;
      /** Somebody typed the VM's name, knowing that VMs whose files cannot be read may use what goes. */
      readonly despiteUnread?: boolean;
    }
  /** Another name where libvirt can hold it, else another title; the plan says which. */
  | {
      readonly kind: 'rename';
      readonly vm: VmRef;
      readonly snapshot: string;
      readonly title: string;
      /** This very name, which it had before; absent: one that is made of the title. */
      readonly name?: string;
    }
  | { readonly kind: 'repair'; readonly vm: VmRef; readonly repair: Repair }
  | {
      readonly kind: 'describe';
      readonly vm: VmRef;
      readonly snapshot: string;
      readonly title: string;
      readonly description: string;
    }
  | {
      readonly kind: 'power';
      readonly vm: VmRef;
      readonly action: PowerAction;
      /**
       * A resume sets the guest's clock, where an agent answers. `revert`: its RAM is of another time; `stop`: it stood
       * still.
       */
      readonly clock?: 'revert' | 'stop';
    }
  /**
   * Fewer layers below the current state: by deleting snapshots where they own the layers, by block commit where none
   * does.
   */
  | {
      readonly kind: 'consolidate';
      readonly vm: VmRef;
      /** Guest device names; absent: all disks. Snapshots hold all of theirs together. */
      readonly targets?: readonly string[];
      /**
       * Absent: as far as it goes. A snapshot's name: it stays, with all before it. Without snapshots: the file that
       * takes the rest.
       */
      readonly downTo?: string;
      /** At most as many bytes a second, where no snapshot owns the layers; absent or 0: as fast as it goes. */
      readonly bytesPerSecond?: number;
    }
  /** A new VM beside this one, off, with disks, UUID, addresses and UEFI variables of its own. */
  | {
      readonly kind: 'clone';
      /** The VM that it is made of. */
      readonly vm: VmRef;
      readonly clone: NewVm;
      readonly way: CloneWay;
      /** The restore point that it begins with; absent: the current state of a VM that is off. */
      readonly snapshot?: string;
      readonly network: CloneNetwork;
      readonly disposable?: true;
      /** It goes on from the RAM of that restore point, beside the VM: a fork. */
      readonly ram?: 'kept';
    }
  /**
   * The limits of the disks and networks of a VM that is on, until it is off. `instead`: as they were, which is known
   * when it is decided.
   */
  | { readonly kind: 'speed'; readonly vm: VmRef; readonly to: Tuning; readonly instead?: Tuning }
  /** A disk of the VM grows, comes or goes. */
  | { readonly kind: 'disk'; readonly vm: VmRef; readonly change: DiskChange }
  /** What QEMU has for debuggers is open, and the guest may stand still, until it is ended. */
  | { readonly kind: 'debug'; readonly vm: VmRef }
  /** A clone goes, with the files that were made for it. */
  | { readonly kind: 'discard'; readonly vm: VmRef }
  /** These snapshots, each by itself; what cannot be deleted safely stays. */
  | { readonly kind: 'prune'; readonly vm: VmRef; readonly snapshots: readonly string[] };

/** A wing holds the VM for this, and writes down by itself what it does: no plan is made of it. */
export interface WingTurn {
  readonly kind: 'wing';
  readonly of: 'move' | 'give' | 'take' | 'remove';
  readonly vm: VmRef;
}

/** What a VM is held for. */
export type VmTurn = OperationRequest | WingTurn;

export type OperationType = OperationRequest['kind'];

export interface OperationResult {
  /** The name of the snapshot that was made, reverted to, deleted or edited. */
  readonly snapshot?: string;
  /** The name of the snapshot that keeps what a revert left. */
  readonly checkpoint?: string;
  /** The VM's state, read again at the end. */
  readonly state: PowerState;
  readonly durationMs: number;
  /** How long the guest stood still; absent when no stop was seen ("too short to see"). */
  readonly guestPausedMs?: number;
  /** A seamless snapshot was asked for and could not be had: what stood against it, one line. It was taken live. */
  readonly notSeamless?: string;
  /** The snapshot, or the checkpoint of a revert, holds the disks alone: why its RAM could not be saved. */
  readonly withoutRam?: Refusal;
  /**
   * How far the guest's clock is behind, about: RAM of then came back, and no guest agent has set the clock within a
   * second.
   */
  readonly clockBehindMs?: number;
  /** The space that a delete freed on its file systems, measured; absent where the files cannot be read. */
  readonly freedBytes?: number;
  /** Files that were to go at its end and could not be removed: all else is as it was to be. */
  readonly left?: readonly string[];
}

export interface SavedRamProgress {
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** So that it comes to an end. */
  readonly guestStopped: boolean;
}

/** How far a running operation is. Absent `fraction`: libvirt tells no progress, only the time passes. */
export interface Progress {
  readonly step: string;
  readonly fraction?: number;
  readonly cancellable: boolean;
  /** The progress of RAM that is saved while the guest runs on, which may write to it faster than it is saved. */
  readonly saved?: SavedRamProgress;
  /** An honest guess of the whole duration, where one can be made. */
  readonly estimateMs?: number;
}

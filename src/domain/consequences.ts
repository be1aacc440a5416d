// What an operation costs, for the person who is asked. It steers nothing that is done.
import type { HardwareDifference } from './hardware.js';
import type { Refusal } from './refusal.js';
import type { SnapshotTree } from './snapshot.js';
import { isActive, type Vm } from './vm.js';

/** What is gone afterwards. `since` is the name of the snapshot that is current, if any. */
export type Loss =
  | {
      readonly kind: 'diskChanges';
      readonly since?: string;
      /** Bytes that the files with the changes take, where that is known. */
      readonly disks?: readonly { readonly target: string; readonly bytes: number }[];
    }
  /** The RAM of a managed save. */
  | { readonly kind: 'managedSave' }
  /** Files that are removed without anybody resting on them. */
  | { readonly kind: 'files'; readonly files: readonly string[] }
  | { readonly kind: 'ram' }
  /** Its state of now: RAM brings another one back. */
  | { readonly kind: 'tpm' }
  | { readonly kind: 'configuration' }
  | { readonly kind: 'restorePoints'; readonly names: readonly string[] }
  | { readonly kind: 'unsavedWork' }
  /** What these hold: nobody names them, or another VM does, and they rest on what the VM writes to. */
  | { readonly kind: 'unusedOverlays'; readonly files: readonly string[] };

/** What a release of libvirt may do: see knownVersions. */
export type KnownFault =
  'offlineRevert' | 'daemonCrash' | 'longChain' | 'internalSnapshots' | 'memoryRevert' | 'readableOverlay';

export type Warning =
  | { readonly kind: 'guestStandsStill'; readonly estimateMs?: number }
  /**
   * A guest that writes to its RAM faster than it is saved, which nobody can know before, is stopped so that it ends:
   * for so long at most, with so many bytes written.
   */
  | { readonly kind: 'mayBeStopped'; readonly estimateMs: number; readonly bytes: number }
  /**
   * The guest runs on while its RAM is written, and libvirt marks the VM as one whose QEMU was asked by somebody else.
   */
  | { readonly kind: 'keptWhileRunning' }
  /**
   * So it may be, with a stop of about so long: whether it can be is tried when the snapshot is taken. `thenRam`: else
   * it has none.
   */
  | { readonly kind: 'mayBeKeptWhileRunning'; readonly estimateMs: number; readonly only?: 'thenRam' }
  /** The guest stands still until its RAM is written, although somebody wants it to run on. */
  | { readonly kind: 'notKeptWhileRunning'; readonly why: Refusal }
  | { readonly kind: 'crashConsistent' }
  /**
   * Data that came after the snapshot goes on living in `into`: the file that takes it, where it is known; at most
   * `bytes` of it.
   */
  | { readonly kind: 'merges'; readonly into?: string; readonly bytes?: number }
  | { readonly kind: 'startsQemu' }
  | { readonly kind: 'knownBadVersion'; readonly version: string; readonly why: KnownFault }
  | { readonly kind: 'agentMissing' }
  /** This libvirt makes the snapshot and cannot revert to it; `needed` can. */
  | { readonly kind: 'cannotRevertHere'; readonly version: string; readonly needed: string }
  /** The disk is named as a volume of a pool. */
  | { readonly kind: 'cannotBeDeleted'; readonly disk: string }
  /** UEFI variables stay as they are: the snapshot does not hold them; `file`: it does, and this cannot be replaced. */
  | { readonly kind: 'nvramNotCaptured'; readonly file?: string }
  /** A transient VM: it and its snapshots vanish from libvirt when it stops. */
  | { readonly kind: 'vanishesWhenStopped' }
  /** This libvirt forgets the file instead of removing it. */
  | { readonly kind: 'leavesFile'; readonly file: string }
  /** Nothing tells that we made them. */
  | { readonly kind: 'filesStay'; readonly files: readonly string[] }
  /** It is disposable. */
  | { readonly kind: 'cloneGoes' }
  /** They are not removed: `folders` are where they are from then on. */
  | { readonly kind: 'goesToTrash'; readonly files: readonly string[]; readonly folders: readonly string[] }
  /** libvirt cannot do it here, so its files are made by us; `why`: the refusal that it would have been. */
  | { readonly kind: 'doneByUs'; readonly why: Refusal }
  /**
   * One more snapshot is made that nobody asked for: without it, a newer libvirt would remove a file that is in use.
   */
  | { readonly kind: 'makesLeaf'; readonly title: string }
  /** Nothing changed since the current snapshot, so no checkpoint is taken. */
  | { readonly kind: 'noCheckpointNeeded'; readonly since: string }
  /** The checkpoint holds the disks alone: RAM cannot be kept on this VM. */
  | { readonly kind: 'checkpointWithoutRam'; readonly why: Refusal }
  /** The guest runs on between its checkpoint and its end, and what it writes then is in neither. */
  | { readonly kind: 'runsOnAfterCheckpoint' }
  | { readonly kind: 'needsSpace'; readonly bytes: number; readonly folder: string; readonly free?: number }
  /** It could not be seen whether a file that this rests on is whole. */
  | { readonly kind: 'notChecked'; readonly files: readonly string[] }
  /** They go, and whether another tool made snapshots inside of them could not be seen. */
  | { readonly kind: 'tagsNotSeen'; readonly files: readonly string[] }
  /** Connections to the same host whose VMs could not be asked for: they may use the files. */
  | { readonly kind: 'unaskedConnections'; readonly connections: readonly string[] }
  /** A cluster keeps the VM, and leaves it alone meanwhile. `then`: what it does to it when it is given back. */
  | { readonly kind: 'leftByCluster'; readonly resource: string; readonly then: 'nothing' | 'starts' | 'stops' }
  /** There is a cluster on its host, which does not say what it keeps. */
  | { readonly kind: 'clusterUnseen' }
  /** Other VMs may use the files; their chains cannot be read. */
  | { readonly kind: 'unreadVms'; readonly vms: readonly string[] }
  /** Hosts that share this storage cannot be seen. */
  | { readonly kind: 'otherHostsUnseen' }
  /** TPM state is in RAM alone. */
  | { readonly kind: 'tpmNotCaptured'; readonly file?: string }
  /** The new name is kept as a title only. `files`: a file that bears the old name cannot be moved. */
  | { readonly kind: 'titleOnly'; readonly why: 'internal' | 'current' | 'files' }
  /** What the file systems get back: what nobody but these snapshots holds inside of images. */
  | { readonly kind: 'frees'; readonly bytes: number; readonly how: 'exact' | 'estimate' | 'atLeast' | 'atMost' }
  /** Left out of an operation on several, and why. */
  | { readonly kind: 'skipped'; readonly snapshot: string; readonly why: Refusal }
  /** The file gets other content: a person who keeps it as a template has lost that. */
  | { readonly kind: 'changesBase'; readonly file: string }
  /** Disks that the owner keeps out of snapshots. */
  | { readonly kind: 'ownerLeftOut'; readonly disks: readonly string[] }
  /** Parts of the VM that stay as they are, whatever is reverted to. */
  | {
      readonly kind: 'notInSnapshot';
      readonly devices: readonly ('virtiofs' | '9p' | 'nvdimm' | 'shmem' | 'drive' | 'hostDevice')[];
    }
  /** Their last writer died: they are repaired first. */
  | { readonly kind: 'repairsImages'; readonly files: readonly string[] }
  /**
   * Notes of changed blocks: they do not hear of what is written from now on, so that the next backup has to be a full
   * one; or they are inside of the image that holds the snapshot, and a revert is refused until they are removed.
   */
  | { readonly kind: 'bitmapsStayBehind' | 'bitmapsStopRevert'; readonly files: readonly string[] }
  /** So that nobody changes what the clone stands on, the VM itself goes on above this snapshot. */
  | { readonly kind: 'freezesForClone'; readonly snapshot: string }
  | { readonly kind: 'cloneWithoutRam' }
  /** QEMU marked it so; what can be read of it is copied. */
  | { readonly kind: 'imageDamaged'; readonly file: string }
  /** They were attached to the running VM only. */
  | { readonly kind: 'cloneWithoutDisks'; readonly disks: readonly string[] }
  | { readonly kind: 'cloneWithoutTpm' }
  /** The TPM's keys are in both. */
  | { readonly kind: 'cloneKeepsTpm' }
  /** Its address is new; host keys, machine ID, tokens inside are those of the VM. */
  | { readonly kind: 'cloneKeepsIdentity' }
  /**
   * What the snapshot does not hold was written to since, so the guest finds something else: CD-ROMs, floppies,
   * read-only disks.
   */
  | { readonly kind: 'mediaChanged'; readonly files: readonly string[] }
  /** libvirt learns of this snapshot later: how the VM was configured when it was taken is not known. */
  | { readonly kind: 'configuredAsNow'; readonly memory: boolean }
  /** The VM is configured again as it was when the snapshot was taken: from what it is now to what it was. */
  | { readonly kind: 'hardwareChanges'; readonly what: readonly HardwareDifference[] };

/** Of a VM that goes with all that it has, but its files. */
export function lossesOfVm(
  { power, managedSave }: Pick<Vm, 'power' | 'managedSave'>,
  snapshots: SnapshotTree['snapshots'],
): readonly Loss[] {
  return [
    ...(isActive(power) ? [{ kind: 'ram' } as const] : []),
    // It goes with the definition.
    ...(managedSave ? [{ kind: 'managedSave' } as const] : []),
    ...(snapshots.length === 0 ? [] : [{ kind: 'restorePoints', names: snapshots.map(({ name }) => name) } as const]),
  ];
}

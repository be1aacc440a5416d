// Why an operation is refused before anything is touched. Each row has its source in the rule that makes it.
// Knows no sentences: text/refusalText makes them of the reason and its facts.
import type { HostUse } from './hostFiles.js';
import type { WhyNoVolume } from './vm.js';

// Why something that was interrupted is not brought to its end, nothing is begun beside it, or nothing is undone: rows
// of `RefusalFacts`, which says what the facts mean.

interface RecoveryRefusals {
  /** `why`: see `NotUndoable`; `entries`: ids of operations in the log; `snapshot`: titles. */
  readonly notUndoable: { why: string; entries?: string; snapshot?: string; system?: string };
  /** Nothing is done to it that nobody asked for, be it to bring an operation to its end. */
  readonly protectedVm: { vm: string };
  /** An operation that broke off could not be brought to its end; `message`: the error that stopped the recovery. */
  readonly recoveryFailed: { vm: string; message: string };
  /** The VM stands on an overlay that a snapshot made which libvirt does not know: it broke off too late. */
  readonly onUnknownOverlay: { vm: string; file: string };
  /** libvirt says that the VM is off, and a program has one of its disks open for writing: most likely its QEMU. */
  readonly runsUnseen: { vm: string; file: string };
  /**
   * A daemon died in a merge: QEMU writes into `file`, below the one on which the disk stands as libvirt says (`said`).
   */
  readonly mergeLost: { vm: string; disk: string; file: string; said: string };
  /** An operation broke off and is not brought to its end: nothing new is begun on top of it. `operation`: its type. */
  readonly unfinishedOperation: { vm: string; operation: string };
  /** What was done to the system of VMs that it belongs to broke off, and is not brought to its end. */
  readonly systemInterrupted: { vm: string; system: string };
  /** A move of it to another host broke off; `host`: its connection. */
  readonly moveInterrupted: { vm: string; host: string };
  /** It broke off over another connection, on a VM with the same UUID: only over that is it known to be the same VM. */
  readonly begunElsewhere: { vm: string; connection: string };
  /** The journal's entry in `file` is of this VM; `why`: newer (than this version can read), damaged, … */
  readonly entryUnreadable: { vm: string; file: string; why: string };
  /** The journal's entry in `file` does not even tell of which VM it is. */
  readonly entryOfUnknownVm: { file: string };
  /** An operation broke off in the middle, and the VM may have been used since: going on would take that away. */
  readonly usedSince: { vm: string };
  /** The RAM of its managed save is in the VM itself, or gone with it: `state` is what it is now. */
  readonly saveUsedUp: { vm: string; state: string };
  /** The UEFI variables are those of a snapshot that the VM was not reverted to. */
  readonly variablesReplaced: { vm: string; snapshot: string };
  /**
   * It was begun on another computer, or by another daemon, that shares the journal; or it is not known to be ours.
   * `host`: its name.
   */
  readonly begunOnOtherHost: { vm: string; host: string };
  /** Too long ago, or before the computer was started: what became of the VM since, nobody can tell. */
  readonly brokeOffLongAgo: { vm: string };
  /** Something happened since it broke off; `what`: snapshots, disks, power, written; or notKnown. */
  readonly notAsLeft: { vm: string; what: string };
  /** The setting `automaticActions` forbids it; `setting`: its value. */
  readonly notByItself: { vm: string; setting: string };
  /** There is no VM left of which an operation broke off. */
  readonly vmGone: { vm: string };
}

interface CloneRefusals {
  /** A clone of it needs another: a VM has it, or it is not fit for the names of files. */
  readonly vmNameTaken: { name: string };
  readonly badVmName: { name: string };
  /** No overlay can stand on what is inside of an image. */
  readonly linkedToTag: { vm: string; snapshot: string };
  /** What it would be made of is written to while the VM is on; without `snapshot` it is the current state. */
  readonly cloneNeedsOff: { vm: string; state: string; snapshot?: string };
  /**
   * The restore point does not hold the disk; `attached`: the disk is not in the configuration that a fork gets, `live`
   * of the snapshot, `now` of the running VM.
   */
  readonly diskNotHeld: { vm: string; snapshot: string; disk: string; attached?: string };
  /** `device`: nvdimm, shmem, drive: one for both. */
  readonly cloneSharesMemory: { vm: string; device: string };
  /** A running VM: its fork needs an external snapshot, and libvirt cannot mix the two styles. */
  readonly forkOfInternal: { vm: string };
  /** Its RAM holds the keys of its TPM: two VMs would have the same. */
  /** A fork goes on from RAM in a file of its own. */
  readonly forkNeedsRam: { vm: string; snapshot: string };
  /** In bytes. */
  readonly forkNeedsMemory: { vm: string; count: string; bytes: string; free: string };
  readonly notOurClone: { vm: string };
  /** It has the UUID of a VM that we made. */
  readonly notOurVm: { vm: string };
}

/**
 * One row per rule, with the words that fill its sentence. All are strings; those with `?` may be absent.
 * Adding a reason here makes the compiler ask for its sentence. What the facts mean everywhere:
 *
 * | fact               | what it is                                                                       |
 * |--------------------|----------------------------------------------------------------------------------|
 * | `vm`               | the VM's name                                                                    |
 * | `snapshot`         | the title of the snapshot that the rule is about (not always the one asked for)  |
 * | `parent`, `by`, `child` | title of another snapshot that stands in the way                            |
 * | `disk`             | the guest's device name, `vda`                                                   |
 * | `file`             | absolute path on the host of the hypervisor                                      |
 * | `state`            | a `PowerState`, or for snapshots a `SnapshotState`                               |
 * | `action`           | a `PowerAction`, or `create`, `revert`, `delete`, `describe`                     |
 * | `own`              | the style of the VM's snapshots: nothing that needs the other one is advised     |
 * | `stays`            | `yes`: the disk cannot be left out                                               |
 * | `version`, `needed`| libvirt's version as people write it: the one that is there, the one that can    |
 */
export interface RefusalFacts extends RecoveryRefusals, CloneRefusals {
  /** A managed save exists: RAM of another time would be put on these disks at the next start. */
  readonly managedSaveExists: { vm: string };
  /** Its next start would continue below overlays that somebody has put on its disks since: into `file`. */
  readonly savedBelow: { vm: string; disk: string; file: string };
  /**
   * A cluster starts and stops it: what is done past it is undone. `resource`: what the cluster calls it; `action`: of
   * its power, or `remove`.
   */
  readonly keptByCluster: { vm: string; resource: string; action: string };
  /** The node on which it is sees less than half of the cluster, so another one may run it. */
  readonly clusterWithoutQuorum: { vm: string; resource: string };
  /** The cluster did not let go of it; `message`: its own words. */
  readonly clusterKeepsOn: { vm: string; resource: string; message: string };
  /** It is off here, and a cluster runs it on `nodes`, where its disks are in use. */
  readonly clusterRunsElsewhere: { vm: string; resource: string; nodes: string };
  /** A cluster starts it from `config`, which names `file` as its disk: `now` would not be there at the next start. */
  readonly clusterStartsOther: { vm: string; resource: string; config: string; disk: string };
  /** `own`: internal, external, mixed; `asked`: internal, external. `kind` is the kind that was asked for. */
  readonly otherStyle: { vm: string; own: string; asked: string; kind: string };
  /** Reverting would write into a file that others read. Without `by` it is the VM's own active chain. */
  readonly internalBaseInUse: { snapshot: string; file?: string; by?: string };
  readonly blockJobRunning: { vm: string; disk: string };
  /** An external revert without a current snapshot crashes the daemon from 9.9 on. */
  readonly noCurrentSnapshot: { vm: string; snapshot: string; version: string };
  /**
   * This libvirt would remove a file that `by`, a snapshot of another branch, is built on; without `by` the VM itself.
   */
  readonly overlayNeededByBranch: { snapshot: string; by?: string; file?: string; version: string };
  /** A merge under a snapshot of another branch, whose disk tells too little, crashes the daemon from 10.0 to 12.7. */
  readonly crashesOnBranch: { snapshot: string; by: string; disk: string; version: string; needed: string };
  /** `snapshot` is empty where it is about such snapshots at large; of the next but one too. */
  readonly externalRevertUnsupported: { snapshot: string; version: string; needed: string };
  readonly diskOnlyRevertUnsupported: { snapshot: string; version: string; needed: string };
  readonly externalDeleteUnsupported: { snapshot: string; version: string; needed: string };
  /** An external snapshot with an internal parent can never be deleted. */
  readonly internalParent: { snapshot: string; parent: string };
  readonly severalChildren: { snapshot: string; count: string };
  readonly mergeStartsVm: { vm: string; snapshot: string };
  /** It has a child and the VM does not run on that branch. */
  readonly notInActiveChain: { snapshot: string; child: string };
  /** The current external snapshot has a child: it was reverted to, and its children are another branch. */
  readonly currentHasChildren: { snapshot: string; child: string };
  /** A leaf that the VM does not run on, which this libvirt cannot delete. */
  readonly leafOfOtherBranch: { snapshot: string; version: string; needed: string };
  /** Descendants of the other style are below it. */
  readonly mixedDescendants: { snapshot: string; child: string };
  /** An earlier delete broke off, so that this snapshot's content is half merged. */
  readonly unfinishedDelete: { snapshot: string; disk: string };
  /** The image that holds the internal snapshot is not the one that the running VM uses. */
  readonly imageNotActive: { snapshot: string; disk: string; file: string };
  /** The VM writes right now into the file that an external snapshot has frozen. */
  readonly frozenFileInUse: { vm: string; snapshot: string; disk: string; file: string };
  /**
   * The revert would remove the overlay that `by` is built on, or, without that, which the VM has no more: the current
   * snapshot does not tell it from the VM's own.
   */
  readonly revertRemovesFile: { snapshot: string; by: string; file: string; version: string };
  /** The revert would name the new overlays of two disks alike and leave the VM off. */
  readonly overlayNamesCollide: { snapshot: string; disk: string; other: string; version: string };
  readonly noDisks: { vm: string };
  readonly rawDisk: { vm: string; disk: string; format: string; own?: string };
  /** `type`: libvirt's disk type, or `lun`, or `shareable`. */
  readonly diskTypeUnsupported: { vm: string; disk: string; type: string };
  /** `nvram`: raw or qcow2; `state`: running or off. */
  readonly rawNvram: { vm: string; nvram: string; state: string; version: string; own?: string };
  /** `wanted`: the snapshot kind or action that needs a running VM; `guest`: an answer of it. */
  readonly notRunning: { vm: string; state: string; wanted: string };
  readonly notOff: { vm: string; state: string; wanted: string };
  readonly wrongState: { vm: string; state: string; action: string };
  /** A transient VM vanishes when it is off. */
  readonly transientVm: { vm: string; snapshot?: string };
  readonly crashedVm: { vm: string; action: string };
  /** Suspended by its own guest (to RAM). */
  readonly asleepVm: { vm: string; action: string };
  /** `problem`: empty, tooLong, controlCharacter. */
  readonly badName: { title: string; problem: string };
  readonly nameTaken: { title: string };
  readonly fileTaken: { file: string };
  /** libvirt or QEMU breaks on a character of this path. */
  readonly unsafePath: { disk: string; file: string };
  /** The snapshot's own name holds a character that this libvirt cannot handle while the VM is active. */
  readonly unsafeSnapshotName: { snapshot: string; version: string };
  readonly memoryFileMissing: { snapshot: string; file: string };
  /** The file with a snapshot's RAM holds nothing, or is not whole. */
  readonly memoryFileBroken: { snapshot: string; file: string };
  /** What would go as the snapshot's RAM is something else, or another snapshot's too, or cannot be looked into. */
  readonly memoryFileForeign: { vm: string; snapshot: string; file: string };
  /** The RAM was taken of a VM with another name or UUID: libvirt compares them once the VM is stopped. */
  readonly ramOfOther: { vm: string; snapshot: string; name: string; uuid: string };
  /** The image has no internal snapshot of that name any more; `other`: one that somebody made since. */
  readonly tagMissing: { snapshot: string; disk: string; file: string; other?: 'yes' };
  /** QEMU would go back to the tag `other`, whose ID is the snapshot's name. */
  readonly nameIsTagId: { snapshot: string; file: string; other: string };
  /** The image holds two tags of the snapshot's name. */
  readonly tagTwice: { snapshot: string; file: string };
  /** @param at milliseconds since 1970 */
  readonly datedAhead: { vm: string; snapshot: string; at: string };
  /** The name is a number, and the IDs of the image's tags cannot be seen. */
  /** `why`: missing in the disk, otherTime there than in the others, name that libvirt cannot use. */
  readonly tagNotWhole: { tag: string; disk: string; why: string };
  readonly tagIdsUnseen: { snapshot: string; file: string };
  /** It is to bring RAM back, and the internal snapshots of its name hold none. */
  readonly tagWithoutRam: { snapshot: string };
  /**
   * `file`: QEMU itself, firmware, a kernel, or the RAM whose QEMU is missing; `name`: of the snapshot; `said`: by
   * libvirt, of QEMU.
   */
  readonly startFileMissing: {
    vm: string;
    snapshot: string;
    name: string;
    file: string;
    said?: string;
    ram?: string;
  };
  /** A file that the snapshot's content stands in or rests on is gone. */
  readonly overlayMissing: { snapshot: string; disk: string; file: string };
  /** QEMU has marked the image as damaged; `empty`: `yes` for a file of 0 bytes. */
  readonly imageCorrupt: { snapshot: string; disk: string; file: string; empty?: 'yes' | 'other' };
  /** No program can write to the image, and the change goes into it. */
  readonly imageImmutable: { vm: string; file: string };
  /**
   * The VM's chain of overlays is not as its snapshots say: somebody merged by hand, perhaps into this snapshot's file.
   */
  readonly mergedByHand: { snapshot: string; disk: string; file: string };
  /** The metadata name `file` for it, and the overlay that it made rests on `other`, which is not in that chain. */
  readonly contentElsewhere: { snapshot: string; disk: string; file: string; overlay: string; other: string };
  /**
   * The overlay that it made is gone, and `image`, which nobody names, rests on `file`, which the metadata name for it.
   */
  readonly unownedImage: { snapshot: string; disk: string; file: string; image: string };
  /** `by` froze the same file later, so that the VM was on it again. */
  readonly frozenAgain: { snapshot: string; disk: string; file: string; by: string };
  /**
   * `disk`: `ramTarget` where `file` is named as its RAM: instead of `other`, or by another snapshot, `by`, too.
   * `time`: it was renamed, given attributes, or written to, and nothing tells which.
   */
  readonly contentChanged: {
    snapshot: string;
    disk: string;
    file: string;
    was: string;
    other?: string;
    by?: string;
    time?: 'old';
  };
  /** Absent `snapshot`: the current state of the VM is read. */
  readonly writtenByOther: { vm: string; snapshot?: string; disk: string; file: string; other: string };
  /** `file`, which it stands in or rests on, was written to after `overlay` was made over it. */
  readonly writtenSince: { snapshot: string; disk: string; file: string; overlay: string };
  /** `device`: hostDevice, virtiofs, 9p, nvdimm, shmem, drive; qemu: it says so itself, in the words `said`. */
  readonly ramCannotBeSaved: { vm: string; device: string; said?: string; own?: string };
  /** RAM inside the images, taken of a VM with pluggable processors; `snapshot`: an existing one. */
  readonly ramNotLoadable: { vm: string; snapshot?: string; own?: string };
  /** A snapshot with RAM, or inside the images, takes all disks; any other at least one. */
  readonly cannotLeaveOut: { vm: string; disk: string; own?: string; stays?: string };
  /** What it may take at most is more than is free. In bytes. */
  readonly noSpaceFor: { vm: string; folder: string; bytes: string; free: string };
  /**
   * No snapshot of the current state can be taken first; the refusal that it met goes with this one. `why`: its reason.
   */
  readonly checkpointImpossible: { vm: string; snapshot: string; why: string };
  /** `why`: a NotSeamlessReason; `said`: a folder, or QEMU's own words. */
  readonly notSeamless: { vm: string; why: string; said?: string };
  /** Files cannot be made and removed in the folder; `why`: of `CannotAct`, or `notLookedAt`. */
  readonly filesOutOfReach: { folder: string; why: string };
  readonly readOnlyConnection: { vm: string; action: string };
  /** `driver`: test or other. */
  readonly driverCannot: { driver: string; action: string; kind?: string };
  /** libvirt still writes it, for us or for another client. */
  readonly snapshotBeingWritten: { vm: string; snapshot: string };
  /** The VM stands in "paused (saving)": another client saves it, or a daemon died while it did. */
  readonly unfinishedSave: { vm: string; action: string };
  /** QEMU does not hold the images of a VM that has stood still since its RAM was written to a file. */
  readonly imagesLetGo: { vm: string; snapshot: string; wanted: string };
  /** The state in which the snapshot was taken cannot be brought back. */
  readonly stateNotReachable: { snapshot: string; state: string };
  /** Quiesced was asked for and no guest agent answers. */
  readonly agentMissing: { vm: string };
  /** The snapshot is not there (any more). `snapshot` is the name as asked for. */
  readonly snapshotMissing: { vm: string; snapshot: string };
  readonly noDescendants: { snapshot: string };
  /** Without this leaf of ours, `parent` would name the overlay that `by` is built on as the VM's own. */
  readonly layoutLeafNeeded: { snapshot: string; parent: string; by: string };
  /**
   * The VM's chain does not hold `file` where the snapshot's metadata says: somebody merged, or the VM was reverted.
   */
  readonly notInChain: { vm: string; snapshot: string; disk: string; file: string; top?: 'yes' };
  /** Both have `file` as their UEFI variables, and those of a snapshot would be put there. */
  readonly variablesShared: { vm: string; other: string; file: string };
  /** `other` names the file or rests on it: a linked clone, for one. */
  readonly usedByOtherVm: { vm: string; other: string; file: string };
  /** `image`, which no VM names, rests on the file. */
  readonly usedByImage: { vm: string; image: string; file: string };
  /** More names than anybody looks at: an image among them may rest on the file. */
  readonly folderTooFull: { folder: string; file: string };
  /** The host itself writes to it; `how`, `where`: see `HostUse`. */
  readonly usedByHost: { vm: string; file: string; how: HostUse['how']; where: string };
  /** A program has the file open as a disk and relies on what is in it; by the locks that QEMU's programs keep. */
  readonly heldByProgram: { vm: string; file: string };
  /** The chains of `others` cannot be read, so any file may be theirs too. */
  readonly otherVmUnread: { vm: string; others: string };
  /** What a repair is for is not wrong (any more), or cannot be seen. */
  readonly nothingToRepair: { vm: string };
  /** The VM is active and uses the image. */
  readonly imageInUse: { vm: string; file: string };
  /** Somebody names the file or is built on it, or it is not certain that nobody does. */
  readonly fileNotOrphan: { vm: string; file: string };
  /** Its data is there as far as can be seen, so that its metadata is not to be forgotten. */
  readonly snapshotWhole: { snapshot: string };
  /** libvirt has noted with the snapshot, which is the current one, which files the VM has. */
  readonly currentNotesFiles: { vm: string; snapshot: string };
  /** The VM's disks are not built on the snapshot. */
  readonly notOnSnapshot: { vm: string; snapshot: string };
  /** Between the question and the answer another client changed what was asked about: it would do or lose more. */
  readonly stalePlan: { vm: string };
  /** `fact`: of `Situation`; what was asked for and is not there, so that no rule could look at it. */
  readonly notAllSeen: { vm: string; fact: string; silent?: string };
  /** Both paths lead to one file: a rule that compares paths would take it for two. */
  readonly namedTwice: { vm: string; file: string; other: string };
  /** What the user's editor has set cannot be read in `file`; `why`: newer (than this version can read), damaged. */
  readonly settingsUnreadable: { file: string; why: string };
  /** No disk has a layer that could go. */
  readonly nothingToConsolidate: { vm: string };
  readonly noSuchDisk: { vm: string; disk: string };
  /** It is left as it is; `why`: see `WhyDiskStays`; `bytes`: what it has, or what is free. */
  readonly diskStays: { vm: string; disk: string; why: string; bytes?: string };
  /** Snapshots hold all their disks together: the layers of one alone cannot go. */
  readonly snapshotsHoldAllDisks: { vm: string; disk: string };
  /** It cannot be told for certain what the disk stands on, down to its base. */
  readonly chainUnknown: { vm: string; disk: string };
  /** `file` is none of the layers below the VM's disks. */
  readonly layerNotInChain: { vm: string; file: string };
  /** `by` (a snapshot's title, a file) needs it as it is. */
  readonly layerNeeded: { vm: string; file: string; by: string };
  /** Inside it is an internal snapshot, which would go with it. */
  readonly tagInLayer: { vm: string; file: string; tag: string };
  /** QEMU marked it as damaged; `gone`: `yes`; `empty`: `yes` for a file of 0 bytes. */
  readonly layerBroken: { vm: string; disk: string; file: string; gone?: string; empty?: 'yes' | 'other' };
  /** `file`, a qcow2 image on a device, may not have room for what would be merged into it. */
  readonly deviceMayBeFull: { snapshot: string; disk: string; file: string };
  /** libvirt merges nothing into a disk that the snapshot names by pool and volume. */
  readonly volumeTakesNoMerge: { snapshot: string; disk: string; file: string };
  /** The layer above is smaller: the guest would see its disk grow. */
  readonly layerSmaller: { vm: string; disk: string; file: string };
  /**
   * `by`: the host forbids it to the VM's QEMU until that ends; `appArmorOff`: and to the one that libvirt starts for a
   * merge, which we cannot do either, because the file is not ours to change (`why`) or is none that we merge.
   */
  readonly baseReadOnly: { vm: string; file: string; by?: 'appArmor' | 'appArmorOff'; why?: string };
  /** The configuration for the next start names `file`, and not what the VM runs on. */
  readonly definitionDiffers: { vm: string; disk: string; file: string };
  /** Somebody marked it as to be kept. */
  readonly snapshotKept: { snapshot: string };
  /** The VM stands on it, so no rule takes it away. */
  readonly currentStays: { snapshot: string };
  /**
   * `element`: of the disk's XML, as a path from the disk on; not known here, or bound to the file that the disk is on.
   */
  readonly unknownDiskElement: { vm: string; disk: string; element: string };
  readonly encryptedDisk: { vm: string; disk: string; stays?: string };
  /** It, or what it rests on, is a part of a file. */
  readonly slicedDisk: { vm: string; disk: string; stays?: string };
  /** A layer is neither raw nor qcow2; `format` is absent where it does not record the format of the file below it. */
  readonly layerFormat: { vm: string; disk: string; file: string; format?: string };
  /**
   * No program opens it, for it may lead to any other file. `why`: name (it does not name `below` by its path),
   * noFormat (it does not record that of `below`), format (it is no file or device of raw or qcow2), dataFile, loop,
   * replaced (another file stands there by now).
   */
  readonly unjudgedImage: { file: string; why: WhyUnjudged; below?: string };
  /** What is written to it is gone when the VM stops. */
  readonly transientDisk: { vm: string; disk: string };
  /** `wish`: the `snapshot` attribute that the owner gave the disk: no, manual, internal, external. */
  readonly ownerChose: { vm: string; disk: string; wish: string; own?: string; stays?: string };
  /** So many snapshots and the current state can have a cluster of its image. */
  readonly fewReferences: { vm: string; disk: string; most: string; own?: string };
  /** Its last writer died, and it lies below an overlay. */
  readonly imageUnclosed: { vm: string; disk: string; file: string };
  /** QEMU makes no internal snapshot in an image whose data stand in a file of their own. */
  readonly dataFileInside: { vm: string; disk: string; own?: string };
  readonly copyOnRead: { vm: string; disk: string; own?: string };
  /** A disk that is named by pool and volume, of which libvirt tells no path; `why`: a `WhyNoVolume`. */
  readonly volumeNotThere: { vm: string; disk: string; pool: string; volume: string; why: WhyNoVolume };
  /** A volume whose format the configuration does not say. */
  readonly formatUntold: { vm: string; disk: string };
  /** libvirt has checkpoints, which incremental backups use. */
  readonly checkpointsExist: { vm: string; checkpoint: string };
  /** The same inside an image, of any origin. */
  readonly bitmapsInImage: { vm: string; snapshot: string; disk: string; file: string };
  /** Its RAM belongs to disks that it does not hold. */
  readonly ramWithoutDisks: { snapshot: string };
  /** The RAM that comes back has that of the NVDIMM in it, and would be written over its file. */
  readonly nvdimmOverwritten: { vm: string; snapshot: string };
}

export type WhyUnjudged = 'name' | 'noFormat' | 'format' | 'dataFile' | 'loop' | 'replaced';

export type RefusalReason = keyof RefusalFacts;

export interface Refusal {
  readonly reason: RefusalReason;
  /** Words for the sentence: names, paths, versions; the row of the reason in `RefusalFacts` says which. */
  readonly facts: Readonly<Record<string, string>>;
  /** Another refusal, without which this one would not be. */
  readonly because?: Refusal;
}

export interface RefusedDecision {
  readonly kind: 'refusal';
  readonly refusal: Refusal;
}

/** The facts are checked against the row of the reason here, so that no sentence misses a word. */
export function refuse<R extends RefusalReason>(
  reason: R,
  facts: Readonly<RefusalFacts[R]>,
  because?: Refusal,
): RefusedDecision {
  return { kind: 'refusal', refusal: { reason, facts: { ...facts }, ...(because === undefined ? {} : { because }) } };
}

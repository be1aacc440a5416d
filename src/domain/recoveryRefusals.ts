// Why something that was interrupted is not brought to its end, nothing is begun beside it, or nothing is undone: rows
// of `RefusalFacts`, which says what the facts mean.

export interface RecoveryRefusals {
  /** `why`: see `NotUndoable`; `entries`: ids of operations in the log; `snapshot`: titles. */
  readonly notUndoable: { why: string; entries?: string; snapshot?: string; system?: string };
  /** Nothing is done to it that nobody asked for, be it to bring an operation to its end. */
  readonly protectedVm: { vm: string };
  /** An operation that broke off could not be brought to its end; `message`: why, in the words of whoever failed. */
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

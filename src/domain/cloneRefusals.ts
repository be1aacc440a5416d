// Why a VM cannot be cloned, forked or thrown away: rows of `RefusalFacts`, which says what the facts mean.

export interface CloneRefusals {
  /** A clone of it needs another: a VM has it, or it is not fit for the names of files. */
  readonly vmNameTaken: { name: string };
  readonly badVmName: { name: string };
  /** No overlay can stand on what is inside of an image. */
  readonly linkedToTag: { vm: string; snapshot: string };
  /** What it would be made of is written to while the VM is on; without `snapshot` it is the present. */
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
  readonly forkHasTpm: { vm: string };
  /** A fork goes on from RAM in a file of its own. */
  readonly forkNeedsRam: { vm: string; snapshot: string };
  /** In bytes. */
  readonly forkNeedsMemory: { vm: string; count: string; bytes: string; free: string };
  readonly notOurClone: { vm: string };
}

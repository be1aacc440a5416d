// How long the disks of running VMs take to answer their guests, as libvirt counts it: values only.

/** Since the start of the VM, all its disks together. */
export interface AnsweredRequests {
  readonly count: number;
  readonly ms: number;
}

export interface GuestTimes {
  /** Flushes are part of them: with some caches the guest waits in these alone. */
  readonly writes: AnsweredRequests;
  readonly reads: AnsweredRequests;
}

// Whether a VM's RAM can be kept while its guest runs on, with a stop of some milliseconds. Values only.

/**
 * | reason     | what stands against it                                                                      |
 * |------------|---------------------------------------------------------------------------------------------|
 * | tooOld     | libvirt before 9.9, which does not revert to the result by itself, or QEMU before 10.0      |
 * | elsewhere  | the daemon runs on another computer, or is not reached over a socket of this one            |
 * | noVirsh    | there is no virsh here that can hand a file to QEMU                                         |
 * | folder     | we may not write where the RAM would go                                                     |
 * | memory     | somebody beside QEMU writes to the RAM, or it is a file                                     |
 * | kernel     | the user that QEMU runs as may not guard its RAM (userfaultfd)                              |
 * | device     | the same, and the device that would let it is open to everybody: QEMU does not see it       |
 * | busy       | the VM does not run, something is done to it, or its state is being sent somewhere          |
 * | refused    | QEMU has another reason                                                                     |
 * | unknown    | it could not be found out                                                                   |
 */
export type NotSeamlessReason =
  'tooOld' | 'elsewhere' | 'noVirsh' | 'folder' | 'memory' | 'kernel' | 'device' | 'busy' | 'refused' | 'unknown';

export type Seamless =
  | { readonly kind: 'yes' }
  /** Nothing that can be seen stands against it. To ask QEMU would mark a VM that is not marked yet. */
  | { readonly kind: 'untried' }
  /** `said`: a folder, or QEMU's own words. */
  | { readonly kind: 'no'; readonly why: NotSeamlessReason; readonly said?: string };

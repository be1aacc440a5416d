// What QEMU and its programs say of an image that another program has locked. Pure.

/** The image. @param said of QEMU, in an error of libvirt too */
export function lockedImage(said: string): string | undefined {
  return /Failed to get [^\n]*lock\s+Is another process using the image \[(.+?)\]\?/su.exec(said)?.[1];
}

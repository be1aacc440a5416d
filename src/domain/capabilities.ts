// What a connection can do: probed where libvirt lets itself be probed, else by version.

/** `major * 1_000_000 + minor * 1_000 + release`, as libvirt itself counts. */
export type Version = number;

export interface Capabilities {
  /** The hypervisor driver behind the connection; only QEMU and the test driver are known here. */
  readonly driver: 'qemu' | 'test' | 'other';
  readonly libvirt: Version;
  readonly hypervisor: Version;
  readonly hostname: string;
  /**
   * What the daemon calls its host beside the name: of the firmware, or of the daemon's own making at each of its
   * starts.
   */
  readonly hostUuid?: string;
  /** It is the firmware's; absent: not known, so it may be another one after the daemon's next start. */
  readonly hostUuidLasts?: true;
  /** What of its host the daemon serves, as it says itself: `/system`, `/session`. Absent: it says nothing. */
  readonly serves?: string;
  readonly readOnly: boolean;
  /** Whether libvirt confines VMs by AppArmor; absent: not known. */
  readonly appArmor?: boolean;
  /** Its user and group, `64055:64055`, to whom libvirt gives the files of VMs; absent: root, or not known. */
  readonly fileOwner?: string;
  /** `<externalSnapshot/>` in the capabilities XML: libvirt 9.9 and newer, revert to external snapshots works. */
  readonly externalRevert: boolean;
  /** libvirt 9.0 and newer. */
  readonly externalDelete: boolean;
}

export function formatVersion(version: Version): string {
  const major = Math.floor(version / 1_000_000);
  const minor = Math.floor(version / 1_000) % 1_000;
  const release = version % 1_000;
  return release === 0 ? `${major}.${minor}` : `${major}.${minor}.${release}`;
}

/** Whether QEMU may merge into nothing that was a backing file when AppArmor's rules were written (libvirt 806). */
export function forbidsMerges({ appArmor, libvirt }: Pick<Capabilities, 'appArmor' | 'libvirt'>): boolean {
  return appArmor === true && libvirt < versionOf(12, 1);
}

export function versionOf(major: number, minor: number, release = 0): Version {
  return major * 1_000_000 + minor * 1_000 + release;
}

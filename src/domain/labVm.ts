// A VM that a lab made: one of our own, in a folder of its own, which is gone with it. Values only.
import { posix } from 'node:path';

export interface LabVm {
  readonly connection: string;
  /** Lower case. Chosen by us before anything is made. */
  readonly uuid: string;
  readonly name: string;
  /** Absolute; nothing else is in it, and nothing of the VM is elsewhere. */
  readonly folder: string;
}

/** What it is made of. Paths are absolute, of files on this computer that were looked at. */
export interface LabVmParts {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly image?: {
    readonly path: string;
    readonly format: 'qcow2' | 'raw';
    readonly how: 'linked' | 'copy';
    readonly sizeMiB?: number;
  };
  /** The sizes of the empty disks. */
  readonly disksMiB: readonly number[];
  readonly boot?: { readonly kernel: string; readonly initrd?: string; readonly arguments?: string };
  /** Absent: BIOS. */
  readonly firmware?: 'uefi';
  /** `filter`: of libvirt, by its name. */
  readonly network?: 'user' | { readonly name: string; readonly filter?: string };
  /** The address of its network card. Absent: libvirt chooses it. */
  readonly mac?: string;
  readonly cloudInit?: { readonly userData: string; readonly networkConfig?: string; readonly vendorData?: string };
  /** By path, what stood there when it was looked at, see `seenAs`: nothing else is used. */
  readonly seen?: Readonly<Record<string, string>>;
}

/** In which the VMs of a lab reach a proxy on this computer, and nothing else. Chosen by us before anything is made. */
export interface LabNetwork {
  readonly connection: string;
  /** Of the network, and of the filter before each of its cards. */
  readonly name: string;
  readonly uuid: string;
  readonly filterUuid: string;
  readonly bridge: string;
  /** Of this computer in it; the network has all addresses that differ in the last number. */
  readonly address: string;
  /** Of the proxy at that address. */
  readonly port: number;
}

/** `ofOthers`: another network has its name. */
export type LabNetworkState = 'runs' | 'stopped' | 'absent' | 'ofOthers';

export function labNetworkName(lab: string): string {
  return `virt-rewind-${lab}`;
}

/** The address of the card of a VM in the network of its lab: by it the proxy's log tells VMs apart. */
export function labMac(uuid: string): string {
  return ['52', '54', '00', ...(uuid.slice(0, 6).match(/../gu) ?? [])].join(':');
}

export interface SeenFile {
  /** As `FileFacts.real`. */
  readonly real: string;
  readonly bytes: number;
  readonly modifiedAt: number;
}

export function seenAs({ real, bytes, modifiedAt }: SeenFile): string {
  return `${real} ${bytes} ${modifiedAt}`;
}

interface LabVmFiles {
  /** In the order of the disks. */
  readonly disks: readonly string[];
  readonly kernel: string;
  readonly initrd: string;
  readonly seed: string;
  readonly variables: string;
}

export function labVmFiles({ folder }: LabVm, { image, disksMiB }: LabVmParts): LabVmFiles {
  const pathInside = (name: string): string => posix.join(folder, name);
  const count = disksMiB.length + (image === undefined ? 0 : 1);
  return {
    disks: Array.from({ length: count }, (_, at) => pathInside(`disk-${String.fromCharCode(97 + at)}.qcow2`)),
    kernel: pathInside('kernel'),
    initrd: pathInside('initrd'),
    seed: pathInside('seed.iso'),
    variables: variablesIn(folder),
  };
}

export const variablesName = 'uefi-vars.fd';

/** The UEFI variables: libvirt creates the file at the first start, and a revert replaces it. */
export function variablesIn(folder: string): string {
  return posix.join(folder, variablesName);
}

/** What we call such folders; no other is ever removed. */
export const labFolderPattern = /\/virt-rewind-lab-[\da-f]{12}$/;

/** @param random twelve hexadecimal digits */
export function labFolderName(random: string): string {
  return `virt-rewind-lab-${random}`;
}

/** Why no VMs can be made on a connection; found out before anything is. */
export type LabVmObstacle =
  'notQemu' | 'readOnly' | 'otherHost' | 'systemWithoutRoot' | 'noQemuImg' | 'noEmulator' | 'noUefi';

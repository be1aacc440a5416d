// What a lab file says, once it is believed: the VMs that a project needs, and their restore points. Values only.
import type { CloneWay, CloneNetwork } from '../domain/clone.js';
import type { Thresholds } from '../diagnosis/thresholds.js';
import type { Speed } from '../domain/speed.js';
import type { StartWait } from '../domain/system.js';

export interface Lab {
  readonly name: string;
  readonly connection?: string;
  readonly isProtected: boolean;
  /** From when on the health of its VMs is a warning, where that is otherwise than the settings say. */
  readonly thresholds?: Partial<Thresholds>;
  /** What its VMs reach, by a proxy, and nothing else; absent: each has the network that it names. */
  readonly network?: WantedNetwork;
  /** In the order of the file. */
  readonly vms: readonly WantedVm[];
  /** In the order in which they are made. */
  readonly points: readonly LabPoint[];
}

export interface WantedNetwork {
  /** `HOST:PORT`, in lower case. */
  readonly allow: readonly string[];
  /** Whether it is kept what was refused. */
  readonly log: boolean;
}

export interface WantedVm {
  /** In the file. */
  readonly key: string;
  readonly source:
    | { readonly kind: 'existing'; readonly vm: string }
    | ({ readonly kind: 'made' } & MadeVm)
    | ({ readonly kind: 'clone' } & ClonedVm);
  /** Keys. */
  readonly after: readonly string[];
  readonly wait?: StartWait;
  readonly speed?: Speed;
}

/** A VM that is cloned from a restore point of an existing VM. */
export interface ClonedVm {
  readonly of: string;
  /** Title or name of its snapshot. */
  readonly point: string;
  readonly way: CloneWay;
  readonly network: CloneNetwork;
}

/** Paths are as written: relative to the file, or absolute. */
export interface MadeVm {
  readonly image?: { readonly path: string; readonly how: 'linked' | 'copy'; readonly sizeMiB?: number };
  readonly boot?: { readonly kernel: string; readonly initrd?: string; readonly arguments?: string };
  readonly firmware?: 'uefi';
  readonly cpus: number;
  readonly memoryMiB: number;
  /** The sizes of the empty disks. */
  readonly disksMiB: readonly number[];
  /** Absent: none. `filter`: it is that of the lab. */
  readonly network?: 'user' | { readonly name: string; readonly filter?: string };
  readonly cloudInit?: { readonly userData: string; readonly networkConfig?: string };
}

interface LabPoint {
  readonly title: string;
  /** As written. */
  readonly until?: string;
  readonly run: readonly LabStep[];
}

/** What is done in a guest before a restore point is made. */
export interface LabStep {
  readonly vm: string;
  readonly work:
    | { readonly kind: 'command'; readonly words: readonly string[] }
    | { readonly kind: 'script'; readonly text: string }
    | { readonly kind: 'packages'; readonly names: readonly string[] }
    /** `from`: as written; `to`: absolute, in the guest. */
    | { readonly kind: 'copy'; readonly from: string; readonly to: string };
  /** Absent: by the guest agent. */
  readonly ssh?: SshLogin;
  readonly seconds: number;
}

/** A step as the guest runs it. */
export interface LabCommand {
  readonly vm: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly seconds: number;
}

export interface SshLogin {
  readonly user: string;
  readonly port: number;
}

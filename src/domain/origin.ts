// Where an operation was begun, and what it was decided on: what a recovery compares the current state with.
import type { Capabilities } from './capabilities.js';
import type { LastWrite } from './plannedMerge.js';
import type { PowerReason, PowerState } from './vm.js';

/**
 * What a VM was when an operation on it was decided, before anything was done: whatever is other by now has a cause.
 */
export interface Before {
  readonly power: PowerState;
  readonly powerReason: PowerReason;
  readonly managedSave: boolean;
  readonly disks: readonly { readonly target: string; readonly file?: string }[];
  /** The name of the snapshot that was current. */
  readonly current?: string;
  /** Absent: nobody wrote them down, so nothing shows that the VM is still what it was. */
  readonly snapshots?: readonly SnapshotBefore[];
  /** The last writes of the files that take a merge, and of those that belong to RAM which libvirt restores. */
  readonly lastWrites?: readonly LastWrite[];
}

export interface SnapshotBefore {
  readonly name: string;
  /** Milliseconds since 1970, as it says of itself. */
  readonly createdAt: number;
  readonly parent?: string;
}

/** Where an operation was begun. */
export interface Origin {
  /** What the computer of the editor is called. */
  readonly host: string;
  /** The id of the system's installation: the same on two clones. Absent where the system has none. */
  readonly machine?: string;
  /** The id of the kernel's start; absent where the system has none. */
  readonly boot?: string;
  /** As it tells of itself; absent in entries of before it was kept. */
  readonly daemon?: DaemonIdentity;
}

export interface DaemonIdentity {
  readonly hostname: string;
  readonly hostUuid?: string;
  /** See `Capabilities`. Only for a daemon that answers now: a recorded one has no value. */
  readonly hostUuidLasts?: true;
}

export function identifyDaemon({ hostname, hostUuid, hostUuidLasts }: Capabilities): DaemonIdentity {
  return { hostname, ...(hostUuid !== undefined && { hostUuid }), ...(hostUuidLasts && { hostUuidLasts }) };
}

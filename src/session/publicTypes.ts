// What the library and `--json` tell of VMs and snapshots, in names that stay: readonly values only. This file is published as
// it is, so that it imports nothing.

export type VmState = 'running' | 'paused' | 'off' | 'shuttingDown' | 'crashed' | 'asleep' | 'unknown';

export interface VmInfo {
  readonly name: string;
  /** 36 characters, lower case. */
  readonly uuid: string;
  /** URI of its libvirt. */
  readonly connection: string;
  readonly state: VmState;
  /** How many; absent where nobody has looked. */
  readonly snapshots?: number;
  /** It may be reverted, deleted from and stopped only by who types its name. */
  readonly protected: boolean;
}

export interface SnapshotInfo {
  /** What libvirt knows it by. */
  readonly name: string;
  /** What people read. */
  readonly title: string;
  readonly description: string;
  /** Name of the snapshot before it; absent for the first. */
  readonly parent?: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** `memory`: disks and RAM; `disk`: the disks of a VM that ran; `offline`: taken while it was off. */
  readonly kind: 'memory' | 'disk' | 'offline';
  readonly style: 'internal' | 'external';
  /** The one that the present came from. */
  readonly current: boolean;
  /** The one that its owner goes back to most. */
  readonly favourite: boolean;
  /** Nobody deletes it by a rule. */
  readonly kept: boolean;
  /** Taken by Virt Rewind itself, as before a revert. */
  readonly automatic: boolean;
  /** What it takes; absent where that is not known. */
  readonly bytes?: number;
}

export interface OperationOutcome {
  /** The name of the snapshot that was made, reverted to or deleted. */
  readonly snapshot?: string;
  /** The name of the snapshot that keeps what a revert left. */
  readonly checkpoint?: string;
  /** The state of the VM afterwards. */
  readonly state: VmState;
  readonly durationMs: number;
  /** How long the guest stood still; absent where that was too short to see. */
  readonly guestPausedMs?: number;
  /** Files that should be gone and could not be removed. */
  readonly left?: readonly string[];
}

export interface ProgramOutcome {
  /** Absent where a signal ended the program. */
  readonly exitCode?: number;
  readonly signal?: number;
  readonly stdout: string;
  readonly stderr: string;
  /** One of them was longer than 1 MiB, and is cut there. */
  readonly cut: boolean;
}

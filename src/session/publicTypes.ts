// What the library and `--json` tell of VMs and snapshots, in names that stay: readonly values only. This file is
// published as it is, so that it imports nothing.

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
  /** libvirt is still making it. */
  readonly beingWritten?: true;
  /** What deleting it alone frees, as far as it is known; absent where it is not. */
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
  /** How long the guest stood still, at least, as libvirt tells it; absent where that was too short to see. */
  readonly guestPausedMs?: number;
  /**
   * What stood against a seamless snapshot, where one was to be had: its RAM was saved live. One line, not translated.
   */
  readonly notSeamless?: string;
  /** How far the guest's clock is behind, about, after a revert with RAM; absent where its agent has set it. */
  readonly clockBehindMs?: number;
  /** Files that should be gone and could not be removed. */
  readonly left?: readonly string[];
}

export interface ProblemInfo {
  /** Stable; the sentences are in the language of the process. */
  readonly kind: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly what: string;
  readonly means: string;
  readonly todo: string;
  readonly repairs: readonly {
    /** What `repair` takes. */
    readonly repair: string;
    readonly what: string;
    /** Why it cannot be done now; absent where it can. */
    readonly reason?: string;
    readonly message?: string;
  }[];
}

/**
 * How an interrupted operation ended: `before`, the VM is as before it; `partly`, what is done stays; `explained`,
 * nothing was done; `failed`, it is tried again.
 */
export type RecoveryOutcome = 'before' | 'after' | 'partly' | 'explained' | 'failed';

/** Several VMs that are checkpointed and reverted as one. */
export interface SystemInfo {
  readonly name: string;
  readonly members: readonly {
    readonly name: string;
    readonly uuid: string;
    readonly connection: string;
    /** Absent where there is no such VM, or it cannot be reached. */
    readonly state?: VmState;
  }[];
  /** The oldest first. */
  readonly points: readonly SystemPointInfo[];
  /** The title of the restore point that all members came from last; absent where they did not come from one. */
  readonly standsAt?: string;
  /** Something that was done to it broke off, and is not brought to its end. */
  readonly interrupted: boolean;
}

export interface SystemPointInfo {
  readonly title: string;
  /** ISO 8601, UTC: when the members stood still. */
  readonly createdAt: string;
  /** At most so many milliseconds lie between the moments of the members that ran; absent where fewer than two did. */
  readonly spreadMs?: number;
  /** It keeps what the last revert left: `undo` goes back to it. */
  readonly undo: boolean;
  readonly members: readonly {
    readonly name: string;
    readonly snapshot: string;
    readonly kind: SnapshotInfo['kind'];
    /** Where not `there`, the system cannot be reverted to this point. */
    readonly seen: 'there' | 'vmGone' | 'snapshotGone' | 'away' | 'unread';
  }[];
}

export interface SystemOutcome {
  /** The title of the restore point that was made, gone back to or deleted. */
  readonly point: string;
  readonly spreadMs?: number;
  readonly durationMs: number;
  /** How long the members that ran stood still, at most. */
  readonly guestsPausedMs?: number;
  readonly members: readonly {
    readonly name: string;
    readonly uuid: string;
    readonly connection: string;
    /**
     * `done` with a failure: it runs, and does not count as up. `notStarted`: it is back, after a checkpoint kept, and
     * does not go on. `unclear`: it stands half way, and a person has to look.
     */
    readonly outcome: 'done' | 'asBefore' | 'notStarted' | 'unclear';
    /**
     * Of what was kept of it, before a revert too. Programs on several VMs that ran are at one moment only with
     * `memory`.
     */
    readonly kind?: SnapshotInfo['kind'];
    /** What its own part failed with: a kind, as of errors. */
    readonly failure?: string;
    /** How far its clock is behind, about, after a revert with RAM; absent where its agent has set it. */
    readonly clockBehindMs?: number;
  }[];
}

/** Of a system that was started or shut down. */
export type SystemPowerOutcome = Pick<SystemOutcome, 'durationMs' | 'members'>;

export interface ProgramOutcome {
  /** Absent where a signal ended the program. */
  readonly exitCode?: number;
  readonly signal?: number;
  readonly stdout: string;
  readonly stderr: string;
  /** One of them was longer than 1 MiB, and is cut there. */
  readonly cut: boolean;
}

/** A VM with its snapshots, in a repository of restic. */
export interface BackupInfo {
  readonly id: string;
  /** The name that the VM had. */
  readonly vm: string;
  readonly uuid: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  /** How many snapshots it has. */
  readonly restorePoints: number;
  /** What its files take when they are restored. */
  readonly bytes: number;
  /** What the repository did not have before it; absent in backups of older versions. */
  readonly addedBytes?: number;
  /** No rule deletes it. */
  readonly kept: boolean;
  /** The VMs that it was made with: how many, and of which moment; absent where they are not of one. */
  readonly set?: { readonly id: string; readonly vms: number; readonly moment?: string };
  /** What its last check found: all data was read, its VM ran, or the guest agent of its VM answered. */
  readonly verified?: {
    readonly how: 'read' | 'started' | 'agent';
    readonly passed: boolean;
    readonly at: string;
  };
}

/** Backups by the clock. */
export interface ScheduleInfo {
  readonly name: string;
  /** All VMs of this system are backed up as a set. */
  readonly system?: string;
  /** Names or UUIDs of the VMs, as they were given; of a system, those that it had when the schedule was added. */
  readonly vms: readonly string[];
  /** The repository, without a password in its address. */
  readonly to: string;
  /** `hour`, `day`, `week`, or a calendar of systemd. */
  readonly every: string;
  readonly by: 'systemd' | 'cron';
  /** How many backups stay, by period; empty: all. */
  readonly keep: Readonly<Record<string, number>>;
  /** Each backup of a running VM is of a new checkpoint; `keep`: how many of these stay. */
  readonly checkpoint?: {
    readonly kind?: 'memory' | 'disk';
    readonly quiesce?: true;
    readonly keep?: number;
  };
  /** systemd or cron knows it. */
  readonly installed: boolean;
  /** Of the last run. */
  readonly state: 'never' | 'running' | 'done' | 'failed' | 'interrupted';
  /** ISO 8601, UTC; absent where its calendar cannot be read here. */
  readonly nextAt?: string;
  /** When a run should have started that did not. */
  readonly missedAt?: string;
  readonly lastRun?: {
    readonly startedAt: string;
    readonly endedAt?: string;
    readonly exitCode?: number;
    /** Why it failed, a line for each VM. */
    readonly messages: readonly string[];
    /** The IDs of the backups that it made. */
    readonly backups: readonly string[];
    /** How many backups its rule deleted. */
    readonly deleted: number;
  };
}

// A decided operation: what will be done, step by step, and what it costs. Values only; planOperation decides.
import type { Capabilities } from './capabilities.js';
import type { OperationRequest, PowerAction } from './operation.js';
import type { Refused } from './refusal.js';
import type { SnapshotKind, SnapshotTree } from './snapshot.js';
import type { Vm, VmDisk } from './vm.js';

export type Step =
  | {
      readonly do: 'createSnapshot';
      readonly name: string;
      /** With its trailers. */
      readonly description: string;
      readonly kind: SnapshotKind;
      readonly style: 'internal' | 'external';
      readonly quiesce: boolean;
      /** Each disk of the VM that takes part, with its overlay file for an external one; others are `no`. */
      readonly disks: readonly { readonly target: string; readonly file?: string }[];
      /** Absolute path, for external memory. */
      readonly memoryFile?: string;
    }
  | { readonly do: 'revert'; readonly snapshot: string; readonly to: 'asSnapshot' | 'running' | 'paused' }
  | { readonly do: 'deleteSnapshot'; readonly snapshot: string; readonly withChildren: boolean }
  | { readonly do: 'describeSnapshot'; readonly snapshot: string; readonly description: string }
  | { readonly do: 'power'; readonly action: PowerAction };

/** What is gone afterwards. `since` is the name of the snapshot that is current, if any. */
export type Loss =
  | { readonly what: 'diskChanges'; readonly since?: string }
  | { readonly what: 'ram' }
  | { readonly what: 'configuration' }
  | { readonly what: 'restorePoints'; readonly names: readonly string[] }
  | { readonly what: 'unsavedWork' };

export type Warning =
  | { readonly about: 'guestStandsStill'; readonly estimateMs?: number }
  | { readonly about: 'crashConsistent' }
  /** Data that came after the snapshot goes on living in `into`: the file that takes it, where it is known. */
  | { readonly about: 'merges'; readonly into?: string }
  | { readonly about: 'startsQemu' }
  | { readonly about: 'knownBadVersion'; readonly version: string; readonly why: string }
  | { readonly about: 'agentMissing' }
  /** This libvirt makes the snapshot and cannot revert to it; `needed` can. */
  | { readonly about: 'cannotRevertHere'; readonly version: string; readonly needed: string }
  /** UEFI variables stay as they are: the snapshot does not hold them. */
  | { readonly about: 'nvramNotCaptured' }
  /** A transient VM: it and its snapshots vanish from libvirt when it stops. */
  | { readonly about: 'vanishesWhenStopped' }
  /** This libvirt forgets the file instead of removing it. */
  | { readonly about: 'leavesFile'; readonly file: string };

export interface Plan {
  readonly type: 'plan';
  readonly request: OperationRequest;
  readonly steps: readonly Step[];
  readonly losses: readonly Loss[];
  readonly warnings: readonly Warning[];
  /** Whether libvirt tells how far it is and can stop: external memory and block jobs only. */
  readonly progress: 'percent' | 'timeOnly';
  readonly estimateMs?: number;
  /** The snapshot that the operation makes, reverts to, deletes or edits. */
  readonly snapshot?: string;
}

export type Decision = Plan | Refused;

/** Everything a decision rests on. What is undefined is not known yet; rules that need it wait for the fresh check. */
export interface Situation {
  readonly vm: Vm;
  readonly tree: SnapshotTree;
  readonly capabilities: Capabilities;
  /** Seconds since 1970, on the host of the editor. */
  readonly now: number;
  /** Targets of disks with a block job on them. */
  readonly blockJobs?: readonly string[];
  /** For each snapshot, the disks that its own `<domain>` names: the frozen files with its content. */
  readonly frozenDisks?: ReadonlyMap<string, readonly VmDisk[]>;
}

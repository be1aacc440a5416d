// What a user can ask to be done with a VM, and what comes back.
import type { SnapshotKind } from './snapshot.js';
import type { PowerState, VmRef } from './vm.js';

export type AfterRevert = 'asSnapshot' | 'asBefore' | 'running' | 'paused' | 'off';
export type PowerAction = 'start' | 'shutDown' | 'forceOff' | 'pause' | 'resume' | 'restart';
export type DeleteScope = 'one' | 'withDescendants';

export type OperationRequest =
  | {
      readonly type: 'create';
      readonly vm: VmRef;
      readonly kind: SnapshotKind | 'auto';
      /** Internal or external; absent: the style the VM already has, else internal where it works. */
      readonly style?: 'internal' | 'external';
      /** Any text; a safe name is made from it. */
      readonly title: string;
      readonly description?: string;
      readonly quiesce?: boolean;
      /** `branch@commit` for the trailer. */
      readonly git?: string;
    }
  | { readonly type: 'revert'; readonly vm: VmRef; readonly snapshot: string; readonly after: AfterRevert }
  | { readonly type: 'delete'; readonly vm: VmRef; readonly snapshot: string; readonly scope: DeleteScope }
  | {
      readonly type: 'describe';
      readonly vm: VmRef;
      readonly snapshot: string;
      readonly title: string;
      readonly description: string;
    }
  | { readonly type: 'power'; readonly vm: VmRef; readonly action: PowerAction };

export type OperationType = OperationRequest['type'];

export interface OperationResult {
  /** The name of the snapshot that was made, reverted to, deleted or edited. */
  readonly snapshot?: string;
  /** The VM's state, read again at the end. */
  readonly state: PowerState;
  readonly durationMs: number;
  /** How long the guest stood still; absent when no stop was seen ("too short to see"). */
  readonly guestPausedMs?: number;
}

/** How far a running operation is. Absent `fraction`: libvirt tells no progress, only the time passes. */
export interface Progress {
  readonly step: string;
  readonly fraction?: number;
  readonly cancellable: boolean;
  /** An honest guess of the whole duration, where one can be made. */
  readonly estimateMs?: number;
}

// What the doctor found out about a VM: what can be done with it here, what is wrong, and what would mend it. Values only.
import type { Repair } from '../domain/operation.js';
import type { Draft } from '../operations/plan.js';
import type { Facts } from '../domain/facts.js';
import type { Refusal, Refused } from '../domain/refusal.js';

/** One kind of operation, and whether it can be done on this VM with this libvirt. */
export interface Ability {
  readonly kind:
    | 'createMemoryInternal'
    | 'createMemoryExternal'
    | 'createMemoryLive'
    | 'createDisk'
    | 'createQuiesced'
    | 'createOfflineInternal'
    | 'createOfflineExternal'
    | 'revertInternal'
    | 'revertExternal'
    | 'deleteInternal'
    | 'deleteExternal'
    | 'hostFiles';
  readonly can: 'yes' | 'byUs' | 'no';
  readonly why?: Refusal;
}

export type Finding =
  | { readonly kind: 'orphanTag'; readonly file: string; readonly tag: string }
  | { readonly kind: 'tagMissing'; readonly snapshot: string; readonly file: string }
  | { readonly kind: 'tagWithoutRam'; readonly snapshot: string }
  /** QEMU takes its name for the ID of the tag `other`. */
  | { readonly kind: 'nameIsTagId'; readonly snapshot: string; readonly file: string; readonly other: string }
  | { readonly kind: 'tagTwice'; readonly snapshot: string; readonly file: string }
  | { readonly kind: 'memoryFileMissing'; readonly snapshot: string; readonly file: string }
  /** Empty, torn, or no RAM at all. */
  | { readonly kind: 'memoryFileBroken'; readonly snapshot: string; readonly file: string }
  | { readonly kind: 'overlayMissing'; readonly snapshot?: string; readonly file: string }
  | { readonly kind: 'orphanFile'; readonly file: string; readonly bytes: number }
  | { readonly kind: 'unfinishedDelete'; readonly snapshot: string; readonly disk: string }
  | { readonly kind: 'noCurrent' }
  | { readonly kind: 'mixedStyles' }
  | { readonly kind: 'onFrozenFiles'; readonly snapshot: string; readonly disk: string; readonly file: string }
  /** It is not the current one, and `file` is no overlay of the VM's any more: libvirt would look for it in a merge. */
  | { readonly kind: 'namesOtherOverlay'; readonly snapshot: string; readonly disk: string; readonly file: string }
  | { readonly kind: 'staleMetadata'; readonly snapshot: string; readonly disk: string }
  /** The VM is transient and has snapshots: libvirt forgets all of it when the VM stops. */
  | { readonly kind: 'vanishes'; readonly snapshots: number }
  /** It runs on `file`, and would start on `configured` next time. */
  | { readonly kind: 'startsElsewhere'; readonly disk: string; readonly file: string; readonly configured: string }
  | { readonly kind: 'pausedSaving' }
  | { readonly kind: 'runsUnseen'; readonly file: string }
  | { readonly kind: 'mergeLost'; readonly disk: string; readonly file: string; readonly said: string }
  | { readonly kind: 'guestFrozen' }
  | { readonly kind: 'managedSave' }
  | { readonly kind: 'corruptImage'; readonly file: string }
  /** `cure`: whether the next snapshot with RAM inside would take it with it; `why`: what forbids that one. */
  | {
      readonly kind: 'lostRam';
      readonly file: string;
      readonly bytes: number;
      readonly cure: 'nextSnapshot' | 'none';
      readonly why?: Refusal;
    }
  /** `file` was written to after `overlay`, which is built on it. */
  | { readonly kind: 'backingChanged'; readonly file: string; readonly overlay: string }
  /** The UEFI variables of when the snapshot was taken are nowhere. */
  | { readonly kind: 'nvramNotHeld'; readonly snapshot: string }
  | { readonly kind: 'usedByOtherVm'; readonly file: string; readonly vm: string }
  | { readonly kind: 'knownBadVersion'; readonly version: string; readonly why: string; readonly source: string }
  | { readonly kind: 'denied'; readonly file: string; readonly by: 'permissions' | 'appArmor' | 'seLinux' }
  | { readonly kind: 'notSeen'; readonly files: readonly string[] };

export interface Diagnosis {
  readonly finding: Finding;
  readonly severity: 'error' | 'warning' | 'note';
  readonly repair?: { readonly repair: Repair; readonly decision: Draft | Refused };
}

export interface Examination {
  /** What was examined: of a VM that is another meanwhile it says nothing. */
  readonly of: Pick<Facts, 'vm' | 'tree'>;
  readonly abilities: readonly Ability[];
  readonly diagnoses: readonly Diagnosis[];
}

// Everything that is wrong with a VM, soon will be, or is worth knowing: one type for the doctor and for health, which
// each tell of some of it. Values only, never a sentence; what each kind is stands in problemTable, who finds it in
// examine and health.
import type { MovedFile } from '../domain/chains/movedFiles.js';
import type { UnusedOverlay } from '../domain/chains/unusedOverlays.js';
import type { KnownFault } from '../domain/consequences.js';
import type { HostUse } from '../domain/hostFiles.js';
import type { Bytes } from '../domain/layers.js';
import type { Refusal } from '../domain/refusal.js';
import type { WhyNoVolume } from '../domain/vm.js';

/** What the trash of a VM takes. */
export interface TrashUsage {
  readonly snapshots: number;
  readonly bytes: Bytes;
}

export type Problem =
  | { readonly kind: 'chainTooDeep'; readonly disk: string; readonly deltas: number; readonly limit: number }
  | { readonly kind: 'chainTooDeepToStart'; readonly disk: string; readonly files: number; readonly version: string }
  | {
      readonly kind: 'deltaTooOld';
      /** The snapshot since which it takes the writes, where that is known. */
      readonly snapshot?: string;
      /** Milliseconds since 1970. */
      readonly since: number;
      readonly limitHours: number;
    }
  | {
      readonly kind: 'deltaTooLarge';
      readonly disk: string;
      readonly file: string;
      readonly bytes: number;
      readonly baseBytes: Bytes;
      readonly limit: { readonly bytes: number } | { readonly percent: number };
    }
  | { readonly kind: 'deltasTooLarge'; readonly bytes: number; readonly limitBytes: number }
  | {
      readonly kind: 'freeSpaceLow';
      readonly folder: string;
      readonly freeBytes: number;
      readonly totalBytes: number;
      readonly limitPercent: number;
      readonly trash?: TrashUsage;
    }
  | {
      readonly kind: 'freeSpaceRunsOut';
      readonly folder: string;
      readonly freeBytes: number;
      readonly bytesPerDay: number;
      readonly days: number;
      readonly limitDays: number;
      readonly trash?: TrashUsage;
    }
  | { readonly kind: 'backingMissing'; readonly disk: string; readonly file: string }
  /** The VM has both styles; these snapshots cannot be deleted in the current state. */
  | { readonly kind: 'mixedUndeletable'; readonly snapshots: readonly string[] }
  | { readonly kind: 'notQuiesced'; readonly snapshot: string }
  /** `until`: milliseconds since 1970, of the one whose time is over first. */
  | ({ readonly kind: 'inTrash'; readonly until: number } & TrashUsage)
  | { readonly kind: 'orphanTag'; readonly file: string; readonly tag: string }
  /** `other`: somebody made one of its name since. */
  | { readonly kind: 'tagMissing'; readonly snapshot: string; readonly file: string; readonly other?: true }
  | { readonly kind: 'tagWithoutRam'; readonly snapshot: string }
  /** QEMU takes its name for the ID of the tag `other`. */
  | { readonly kind: 'nameIsTagId'; readonly snapshot: string; readonly file: string; readonly other: string }
  | { readonly kind: 'tagTwice'; readonly snapshot: string; readonly file: string }
  | { readonly kind: 'memoryFileMissing'; readonly snapshot: string; readonly file: string }
  /** Empty, torn, or no RAM at all. */
  | { readonly kind: 'memoryFileBroken'; readonly snapshot: string; readonly file: string }
  | { readonly kind: 'overlayMissing'; readonly snapshot?: string; readonly file: string }
  /** Snapshots and overlays name it where it is not, and one of its name lies elsewhere. */
  | ({ readonly kind: 'fileMoved' } & MovedFile)
  | { readonly kind: 'orphanFile'; readonly file: string; readonly bytes: number }
  /** Nobody names `overlay`, and it holds data above `file`, which the VM writes to. */
  | ({ readonly kind: 'unusedOverlay' } & UnusedOverlay)
  | { readonly kind: 'unfinishedDelete'; readonly snapshot: string; readonly disk: string }
  /** `on`: an external snapshot that the VM is built on. */
  | { readonly kind: 'noCurrent'; readonly on?: string }
  | { readonly kind: 'mixedStyles' }
  | { readonly kind: 'onFrozenFiles'; readonly snapshot: string; readonly disk: string; readonly file: string }
  /** It is not the current one, and `file` is no overlay of the VM's any more: libvirt would look for it in a merge. */
  | { readonly kind: 'namesOtherOverlay'; readonly snapshot: string; readonly disk: string; readonly file: string }
  /** `canForget`: its data may be gone, or it cannot be deleted. */
  | { readonly kind: 'staleMetadata'; readonly snapshot: string; readonly disk: string; readonly canForget: boolean }
  /** The VM is transient and has snapshots: libvirt forgets all of it when the VM stops. */
  | { readonly kind: 'vanishes'; readonly snapshots: number }
  /** It runs on `file`, and would start on `configured` next time. */
  | {
      readonly kind: 'startsElsewhere';
      readonly disk: string;
      readonly file: string;
      readonly configured: string;
      readonly isSameDisk: boolean;
    }
  | { readonly kind: 'unreadableEntry'; readonly refusal: Refusal }
  /** It was interrupted, and nobody brings it to its end. */
  | { readonly kind: 'unfinishedOperation'; readonly refusal: Refusal }
  | { readonly kind: 'pausedSaving' }
  | { readonly kind: 'runsUnseen'; readonly file: string }
  | { readonly kind: 'mergeLost'; readonly disk: string; readonly file: string; readonly said: string }
  | { readonly kind: 'guestFrozen' }
  | { readonly kind: 'managedSave' }
  /** The process that used it may have died. */
  | { readonly kind: 'temporaryClone' }
  /** Its next start would write to `file`, which `overlay` is built on. */
  | { readonly kind: 'savedBelow'; readonly disk: string; readonly file: string; readonly overlay: string }
  /** `empty`: no image by its header; `yes`: the file holds no byte, `other`: something else. */
  /** Its last writer died; `isTop`: QEMU repairs it at the next start. */
  | { readonly kind: 'imageUnclosed'; readonly file: string; readonly isTop?: true }
  | { readonly kind: 'corruptImage'; readonly file: string; readonly empty?: 'yes' | 'other' }
  | {
      readonly kind: 'volumeNotThere';
      readonly disk: string;
      readonly pool: string;
      readonly volume: string;
      readonly why: WhyNoVolume;
    }
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
  /** What the snapshot rests on is not what it was when it was noted. `disk`: `ramTarget` of its RAM. */
  | {
      readonly kind: 'contentChanged';
      readonly snapshot: string;
      readonly disk: string;
      readonly file: string;
      readonly why: Refusal;
    }
  /**
   * A disk of `writer` is what `title`, a snapshot of `owner`, froze, or lies below that. `snapshot`: where it is of
   * this VM.
   */
  | {
      readonly kind: 'frozenFileShared';
      readonly file: string;
      readonly writer: string;
      readonly owner: string;
      readonly title: string;
      readonly snapshot?: string;
    }
  /** The UEFI variables of when the snapshot was taken are nowhere. */
  | { readonly kind: 'nvramNotHeld'; readonly snapshot: string }
  /** The host itself writes to it. */
  | ({ readonly kind: 'usedByHost'; readonly file: string } & HostUse)
  /** `file` is a disk of `owner`, and a disk of `vm` is built on it: a start of `owner` damages that. */
  | { readonly kind: 'baseOfOtherVm'; readonly file: string; readonly vm: string; readonly owner: string }
  | { readonly kind: 'usedByOtherVm'; readonly file: string; readonly vm: string }
  /** `vm` is on, `file` is its disk, and a disk of `owner`, or below one: one of them is this VM. */
  | { readonly kind: 'writtenByOtherVm'; readonly file: string; readonly vm: string; readonly owner: string }
  | { readonly kind: 'knownBadVersion'; readonly version: string; readonly why: KnownFault; readonly source: string }
  | { readonly kind: 'denied'; readonly file: string }
  | { readonly kind: 'notSeen'; readonly files: readonly string[] };

export type ProblemKind = Problem['kind'];

export type ProblemOf<K extends ProblemKind> = Extract<Problem, { readonly kind: K }>;

export type Severity = 'error' | 'warning' | 'note';

/** Those that health has rules of its own for; the doctor tells of them as health found them. */
export type HealthKind =
  | 'chainTooDeep'
  | 'chainTooDeepToStart'
  | 'deltaTooOld'
  | 'deltaTooLarge'
  | 'deltasTooLarge'
  | 'freeSpaceLow'
  | 'freeSpaceRunsOut'
  | 'backingMissing'
  | 'mixedUndeletable'
  | 'notQuiesced'
  | 'inTrash';

/** What health is judged by. */
export type CheckId =
  | HealthKind
  | 'backingLost'
  | 'metadataWithoutFile'
  | 'orphan'
  | 'damaged'
  | 'backingChanged'
  | 'nvramNotHeld'
  | 'standsStill'
  | 'noCurrent'
  | 'unfinishedDelete'
  | 'unfinishedOperation'
  | 'knownBadLibvirt';

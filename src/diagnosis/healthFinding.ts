// What a health check found: which check, of what, and the values that it rests on; never a sentence.
import type { Diagnosis, Finding } from './examination.js';
import type { Bytes } from '../domain/layers.js';
import type { VmRef } from '../domain/vm.js';

export type Severity = Diagnosis['severity'];

export type HealthFinding =
  | { readonly kind: 'chainTooDeep'; readonly disk: string; readonly deltas: number; readonly limit: number }
  | { readonly kind: 'chainTooDeepToStart'; readonly disk: string; readonly files: number; readonly version: string }
  | {
      readonly kind: 'deltaTooOld';
      /** The snapshot since which it takes the writes, where that is known. */
      readonly snapshot?: string;
      /** Seconds since 1970. */
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
    }
  | {
      readonly kind: 'freeSpaceRunsOut';
      readonly folder: string;
      readonly freeBytes: number;
      readonly bytesPerDay: number;
      readonly days: number;
      readonly limitDays: number;
    }
  | { readonly kind: 'backingMissing'; readonly disk: string; readonly file: string }
  /** Of a VM with both styles: those that cannot be deleted here as things are. */
  | { readonly kind: 'mixedUndeletable'; readonly snapshots: readonly string[] }
  | { readonly kind: 'notQuiesced'; readonly snapshot: string }
  | { readonly kind: DiagnosedCheck; readonly finding: Finding };

/** Those that the doctor finds; the rule is written there. */
export type DiagnosedCheck =
  | 'backingLost'
  | 'backingChanged'
  | 'orphan'
  | 'metadataWithoutFile'
  | 'noCurrent'
  | 'unfinishedDelete'
  | 'nvramNotHeld'
  | 'knownBadLibvirt'
  | 'damaged'
  | 'standsStill';

export type CheckId = HealthFinding['kind'];

export interface Found {
  readonly finding: HealthFinding;
  readonly severity: Severity;
}

/** The snapshot that a finding is about, if it is about one. */
export function snapshotOf(finding: HealthFinding): string | undefined {
  const what = 'finding' in finding ? finding.finding : finding;
  return 'snapshot' in what ? what.snapshot : undefined;
}

/** The file that a finding is about, if it is about one. */
export function fileOf(finding: HealthFinding): string | undefined {
  const what = 'finding' in finding ? finding.finding : finding;
  return 'file' in what ? what.file : undefined;
}

/**
 * The same for the same thing wrong, however its values move, so that it is told once and can be snoozed. What belongs
 * to a folder or a libvirt is the same for all VMs there.
 */
export function keyOf(ref: VmRef, finding: HealthFinding): string {
  const own = [ref.connection, ref.uuid];
  switch (finding.kind) {
    case 'freeSpaceLow':
    case 'freeSpaceRunsOut':
      return key(ref.connection, finding.kind, finding.folder);
    case 'chainTooDeep':
    case 'chainTooDeepToStart':
      return key(...own, finding.kind, finding.disk);
    case 'backingMissing':
    case 'deltaTooLarge':
      return key(...own, finding.kind, finding.disk, finding.file);
    case 'deltaTooOld':
      return key(...own, finding.kind, finding.snapshot ?? String(finding.since));
    case 'notQuiesced':
      return key(...own, finding.kind, finding.snapshot);
    case 'deltasTooLarge':
    case 'mixedUndeletable':
      return key(...own, finding.kind);
    case 'knownBadLibvirt':
      return key(ref.connection, finding.kind, JSON.stringify(finding.finding));
    case 'backingLost':
    case 'backingChanged':
    case 'orphan':
    case 'metadataWithoutFile':
    case 'noCurrent':
    case 'unfinishedDelete':
    case 'nvramNotHeld':
    case 'damaged':
    case 'standsStill': {
      const { kind: what, ...rest } = finding.finding;
      const named = Object.entries(rest).filter(([, value]) => typeof value === 'string');
      return key(...own, finding.kind, what, JSON.stringify(named));
    }
  }
}

function key(...parts: readonly string[]): string {
  return parts.join(' ');
}

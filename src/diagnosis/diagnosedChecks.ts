// The health checks that are the doctor's rules: which of its findings are a matter of health, and what is seen of them
// without an examination. Pure.
import { findingsWithoutFiles } from './findings.js';
import type { Finding } from './examination.js';
import type { HealthFacts } from './healthFacts.js';
import type { CheckId, DiagnosedCheck, Found } from './healthFinding.js';

/** Which of the doctor's findings are a matter of health, and which of them are seen without an examination. */
const diagnosed: Readonly<
  Partial<Record<Finding['kind'], { readonly check: DiagnosedCheck; readonly by: 'tree' | 'examination' }>>
> = {
  overlayMissing: { check: 'backingLost', by: 'examination' },
  tagMissing: { check: 'metadataWithoutFile', by: 'examination' },
  tagWithoutRam: { check: 'metadataWithoutFile', by: 'examination' },
  nameIsTagId: { check: 'metadataWithoutFile', by: 'examination' },
  tagTwice: { check: 'metadataWithoutFile', by: 'examination' },
  memoryFileMissing: { check: 'metadataWithoutFile', by: 'examination' },
  memoryFileBroken: { check: 'metadataWithoutFile', by: 'examination' },
  staleMetadata: { check: 'metadataWithoutFile', by: 'examination' },
  orphanFile: { check: 'orphan', by: 'examination' },
  orphanTag: { check: 'orphan', by: 'examination' },
  onFrozenFiles: { check: 'damaged', by: 'examination' },
  corruptImage: { check: 'damaged', by: 'examination' },
  backingChanged: { check: 'backingChanged', by: 'examination' },
  nvramNotHeld: { check: 'nvramNotHeld', by: 'examination' },
  guestFrozen: { check: 'standsStill', by: 'examination' },
  pausedSaving: { check: 'standsStill', by: 'tree' },
  noCurrent: { check: 'noCurrent', by: 'tree' },
  unfinishedDelete: { check: 'unfinishedDelete', by: 'tree' },
  knownBadVersion: { check: 'knownBadLibvirt', by: 'tree' },
};

export const diagnosedChecks: readonly CheckId[] = [...new Set(Object.values(diagnosed).map(({ check }) => check))];

/** Only an examination tells of these. */
export const examinedChecks: readonly CheckId[] = [
  ...new Set(
    Object.values(diagnosed)
      .filter(({ by }) => by === 'examination')
      .map(({ check }) => check),
  ),
];

export function fromDoctor({ vm, tree, capabilities, diagnoses, now }: HealthFacts): readonly Found[] {
  const seen =
    diagnoses ??
    (tree === undefined || capabilities === undefined
      ? []
      : findingsWithoutFiles({ vm, tree, capabilities, now: now / 1_000 }).filter(
          ({ finding }) => diagnosed[finding.kind]?.by === 'tree',
        ));
  return seen.flatMap(({ finding, severity }): readonly Found[] => {
    const check = diagnosed[finding.kind]?.check;
    return check === undefined ? [] : [{ finding: { kind: check, finding }, severity }];
  });
}

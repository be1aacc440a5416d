// The words of health: how much is wrong, how bad it is, what could not be judged. Plain text; knows nothing of the
// editor.
import { t } from '@vscode/l10n';
import type { CheckId, Problem, Severity } from '../../diagnosis/problem.js';
import { severityOf } from '../../diagnosis/problemTable.js';

/** A word or two for a row: how many things, and how bad. Empty for none but notes. */
export function healthMark(found: readonly Problem[]): string {
  const errors = found.filter((one) => severityOf(one) === 'error').length;
  const warnings = found.filter((one) => severityOf(one) === 'warning').length;
  const parts = [
    ...(errors === 0 ? [] : [errors === 1 ? t('1 error') : t('{0} errors', errors)]),
    ...(warnings === 0 ? [] : [warnings === 1 ? t('1 warning') : t('{0} warnings', warnings)]),
  ];
  return parts.length === 0 ? '' : `⚠ ${parts.join(', ')}`;
}

export function wrongCountText(count: number): string {
  return count === 1 ? t('1 problem with a VM') : t('{0} problems with VMs', count);
}

export function severityWord(severity: Severity): string {
  return severity === 'error' ? t('Error') : severity === 'warning' ? t('Warning') : t('Note');
}

/** What a report says of a check that could not be judged. */
export function checkName(check: CheckId): string {
  return checkNames[check]();
}

const depth = (): string => t('chain depth');
const size = (): string => t('delta size');
const presence = (): string => t('missing files');
const snapshots = (): string => t('snapshots');

const checkNames: Readonly<Record<CheckId, () => string>> = {
  chainTooDeep: depth,
  chainTooDeepToStart: depth,
  deltaTooOld: () => t('delta age'),
  deltaTooLarge: size,
  deltasTooLarge: size,
  freeSpaceLow: () => t('free space'),
  freeSpaceRunsOut: () => t('free space forecast'),
  backingMissing: presence,
  backingLost: presence,
  backingChanged: () => t('writes to base images'),
  mixedUndeletable: snapshots,
  notQuiesced: snapshots,
  inTrash: () => t('trash'),
  noCurrent: snapshots,
  unfinishedDelete: snapshots,
  orphan: () => t('leftover files'),
  metadataWithoutFile: () => t('files of snapshots'),
  nvramNotHeld: () => t('UEFI variables of snapshots'),
  knownBadLibvirt: () => t('libvirt version'),
  damaged: () => t('damaged images'),
  standsStill: () => t('paused or frozen guest'),
  unfinishedOperation: () => t('unfinished operations'),
};

// The words of health: how much is wrong, how bad it is, what could not be judged. Plain text; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { CheckId, Problem, Severity } from '../diagnosis/problem.js';
import { severityOf } from '../diagnosis/problemTable.js';

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
  return count === 1 ? t('1 thing is wrong with a VM') : t('{0} things are wrong with VMs', count);
}

export function severityWord(severity: Severity): string {
  return severity === 'error' ? t('Error') : severity === 'warning' ? t('Warning') : t('Note');
}

/** What a report says of a check that could not be judged. */
export function checkName(check: CheckId): string {
  return checkNames[check]();
}

const depth = (): string => t('how deep the chains are');
const size = (): string => t('how large the deltas are');
const presence = (): string => t('whether all files are there');
const snapshots = (): string => t('the snapshots');

const checkNames: Readonly<Record<CheckId, () => string>> = {
  chainTooDeep: depth,
  chainTooDeepToStart: depth,
  deltaTooOld: () => t('how old the deltas are'),
  deltaTooLarge: size,
  deltasTooLarge: size,
  freeSpaceLow: () => t('how much space is free'),
  freeSpaceRunsOut: () => t('when the space is used up'),
  backingMissing: presence,
  backingLost: presence,
  backingChanged: () => t('whether a base was written to'),
  mixedUndeletable: snapshots,
  notQuiesced: snapshots,
  inTrash: () => t('what is in the trash'),
  noCurrent: snapshots,
  unfinishedDelete: snapshots,
  orphan: () => t('what is left over'),
  metadataWithoutFile: () => t('whether snapshots have their files'),
  nvramNotHeld: () => t('the UEFI variables of snapshots'),
  knownBadLibvirt: () => t('this libvirt'),
  damaged: () => t('whether images are damaged'),
  standsStill: () => t('whether the guest stands still'),
  unfinishedOperation: () => t('whether an operation is unfinished'),
};

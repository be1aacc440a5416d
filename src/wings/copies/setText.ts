// What became of the backups of several VMs, and of their restore, as sentences.
import { t } from '@vscode/l10n';
import { fullTime } from '../../domain/clockText.js';
import { displayLine } from '../../domain/plainText.js';
import type { BackupSet } from './repository/sets.js';

/** A VM of several that is not done. */
export interface NotDone {
  readonly vm: string;
  readonly message: string;
}

export function notDoneLine({ vm, message }: NotDone): string {
  return `${displayLine(vm)}: ${message}`;
}

/** @param isFrozen whether a checkpoint of all was to make them so */
export function setBackedUpText(set: BackupSet, isFrozen: boolean): string {
  return set.moment !== undefined
    ? setMomentText(set)
    : isFrozen
      ? t('The backups of the set {0} are not of one moment: a VM changed after the checkpoint. Try again.', set.id)
      : `${setMomentText(set)} ${t('For one moment, use --checkpoint.')}`;
}

export function setMomentText({ id, moment }: BackupSet): string {
  return moment === undefined
    ? t('The backups of the set {0} are not of one moment.', id)
    : t('The backups of the set {0} are of one moment: {1}.', id, fullTime(moment));
}

/** @param missing how many VMs have no backup */
export function restoredSetText({ id }: BackupSet, missing: number): string {
  return missing === 0
    ? t('Restored all VMs of the set {0}.', id)
    : t('Restored the VMs of the set {0} that have a backup.', id);
}

export function notBackedUpText(failed: readonly NotDone[]): string {
  return t('Not backed up: {0}', failed.map(({ vm }) => displayLine(vm)).join(', '));
}

export function notRestoredText(failed: readonly NotDone[]): string {
  return t(
    'Not restored: {0}. The other VMs are restored, and off. Run the same command again for the rest.',
    failed.map(({ vm }) => displayLine(vm)).join(', '),
  );
}

export function lacksText({ id, vms }: BackupSet, there: number): string {
  return t('The set {0} has backups of {1} of its {2} VMs.', id, there, vms);
}

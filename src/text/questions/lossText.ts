// What an operation destroys, as lines of a confirmation.
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import type { Loss } from '../../domain/consequences.js';
import type { Plan } from '../../operations/plan.js';
import { displayLine } from '../../domain/plainText.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { bytesText } from '../bytesText.js';
import { titleOf } from '../operations/operationProgress.js';
import { agoText } from '../relativeAge.js';

/** More names than this are counted, not listed: nobody reads them in a dialog. */
const longestList = 40;
/** More than this are counted and listed. */
const mostUncounted = 8;

/** @param now milliseconds since 1970 */
export function lossText(loss: Loss, plan: Plan, target: VmView, now: number): string {
  switch (loss.kind) {
    case 'diskChanges': {
      const since = target.tree && loss.since !== undefined ? findSnapshot(target.tree, loss.since) : undefined;
      const what =
        since === undefined
          ? t('data written to its disks since then')
          : t('data written to its disks since “{0}” ({1})', displayLine(since.title), agoText(since.createdAt, now));
      return loss.disks === undefined ? what : t('{0}: {1}', what, diskList(loss.disks));
    }
    case 'ram':
      return t('its RAM: the programs that are running in it');
    case 'tpm':
      return t('its TPM state');
    case 'managedSave':
      return t('its saved state: the programs that would continue at the next start');
    case 'files':
      return t('the files {0}', listNames(loss.files));
    case 'configuration':
      return plan.request.kind === 'power'
        ? t('its configuration: the VM is transient and no longer exists when it is off')
        : t('configuration changes since then');
    case 'restorePoints': {
      const titles = loss.names.map((name) => titleOf(target, name));
      return titles.length <= mostUncounted
        ? t('the way back to: {0}', listNames(titles))
        : t('the way back to {0} snapshots: {1}', titles.length, listNames(titles));
    }
    case 'unsavedWork':
      return t('data that its programs have not written to disk yet');
    case 'unusedOverlays':
      return t('the content of {0}: each file depends on one that the VM writes to', listNames(loss.files));
  }
}

function diskList(disks: readonly { readonly target: string; readonly bytes: number }[]): string {
  return disks.map(({ target, bytes }) => t('{0} on {1}', bytesText(bytes), displayLine(target))).join(', ');
}

/** The place of "and 1 more" is taken by that one. */
export function listNames(names: readonly string[]): string {
  const count = names.length <= longestList + 1 ? names.length : longestList;
  const shown = names
    .slice(0, count)
    .map((name) => displayLine(name))
    .join(', ');
  return count === names.length ? shown : t('{0} and {1} more', shown, names.length - count);
}

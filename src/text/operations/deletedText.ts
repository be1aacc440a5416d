// What was deleted, and what the host got back of it, as it was measured.
import { t } from '@vscode/l10n';
import { sumOf } from '../../domain/layers.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import { vmKey } from '../../live/views.js';
import { bytesText } from '../bytesText.js';
import { snapshotCountText, vmCountText } from '../words.js';

/** What was done: how many snapshots went, of which VMs, and what came back of it, as far as that was measured. */
export function deletedText(
  done: readonly { readonly item: OperationRequest; readonly value: OperationResult }[],
  vm?: string,
): string {
  const count = done.reduce((sum, { item }) => sum + (item.kind === 'prune' ? item.snapshots.length : 1), 0);
  const vms = new Set(done.map(({ item }) => vmKey(item.vm))).size;
  const names = [snapshotCountText(count), vm === undefined ? vmCountText(vms) : displayLine(vm)] as const;
  const bytes = sumOf(done.map(({ value }) => value.freedBytes ?? 'unknown'));
  return bytes === 'unknown' || bytes <= 0
    ? t('Deleted {0} of {1}.', ...names)
    : t('Deleted {0} of {1}, freed {2}.', ...names, bytesText(bytes));
}

/** Behind what else was done. */
export function measuredFreedText({ freedBytes = 0 }: OperationResult): readonly string[] {
  return freedBytes <= 0 ? [] : [t('Freed {0}.', bytesText(freedBytes))];
}

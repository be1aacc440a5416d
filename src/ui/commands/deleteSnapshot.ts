// virtRewind.deleteSnapshot: deletes snapshots; their children keep their data.
import * as vscode from 'vscode';
import type { DeleteScope } from '../../domain/operation.js';
import type { CommandRun } from './commandServices.js';
import { existingVm, operateConfirmed } from './operate.js';
import { operateAll } from './operateAll.js';
import { requestWords } from './operationNotice.js';
import { inDeleteOrder } from './snapshotOrder.js';
import { targetSnapshots } from './targets.js';
import { passingOverUnread } from './typedName.js';
import { undoMoment } from './undoMoment.js';

export function deleteSnapshot(run: CommandRun): Promise<unknown> {
  return deleteScope(run, 'one', vscode.l10n.t('Delete which snapshot?'));
}

export async function deleteScope(run: CommandRun, scope: DeleteScope, placeholder: string): Promise<unknown> {
  const targets = inDeleteOrder(await targetSnapshots(run, placeholder), scope);
  const requests = targets.map(
    ({ view, snapshot }) => ({ kind: 'delete', vm: view.ref, snapshot: snapshot.name, scope }) as const,
  );
  const [only, ...others] = requests;
  if (only !== undefined && others.length === 0) {
    const request = await passingOverUnread(run, existingVm(run, only.vm), only);
    return operateConfirmed(run, request, 'always', () => undoMoment(requestWords(run.inventory, only)));
  }
  const count = requests.length;
  return operateAll(run, requests, {
    title:
      scope === 'one'
        ? vscode.l10n.t('Delete {0} snapshots?', count)
        : scope === 'withDescendants'
          ? vscode.l10n.t('Delete {0} snapshots with all their descendants?', count)
          : vscode.l10n.t('Delete all descendants of {0} snapshots?', count),
    confirm: vscode.l10n.t('Delete'),
    when: 'always',
    afterAnswer: () => undoMoment(vscode.l10n.t('Deleting {0} snapshots', count)),
  });
}

// virtRewind.quickCheckpoint: a snapshot without a question, of the best kind for what the VM does now; can be undone.
import * as vscode from 'vscode';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import { checkpointTitle } from '../prompts/titleSuggestion.js';
import type { CommandRun } from './commandServices.js';
import { styleFor } from './createSnapshot.js';
import { gitReference } from './gitReference.js';
import { notify } from '../prompts/notify.js';
import { existingVm, operate } from './operate.js';
import { operateAll } from './operateAll.js';
import { doneText } from '../prompts/progressText.js';
import { showFailure } from './runCommand.js';
import { targetVms } from './targets.js';

const t = vscode.l10n.t;

export async function quickCheckpoint(run: CommandRun): Promise<unknown> {
  const views = await targetVms(run, t('Take a checkpoint of which VM?'));
  const git = gitReference();
  const requests = await Promise.all(
    views.map(async ({ ref }) => {
      const tree = await run.inventory.readTree(ref);
      const title = checkpointTitle(tree.snapshots, new Date());
      return {
        kind: 'create',
        vm: ref,
        snapshotKind: 'auto',
        title,
        ...styleFor(tree),
        ...(git !== undefined && { git }),
      } as const;
    }),
  );
  const [only, ...others] = requests;
  if (only === undefined || others.length > 0) {
    const results = await operateAll(run, requests);
    offerUndo(run, requests, results, t('Took checkpoints of {0} VMs.', results.length));
    return results;
  }
  const result = await operate(run, only, { quiet: 'result' });
  offerUndo(run, [only], [result], doneText(only, result, existingVm(run, only.vm).vm.name, only.title, t));
  return result;
}

/** Undo deletes the checkpoints again: exactly those, by the names that libvirt gave back. */
function offerUndo(
  run: CommandRun,
  requests: readonly OperationRequest[],
  results: readonly OperationResult[],
  message: string,
): void {
  const undo = t('Undo');
  const deletes = requests.flatMap(({ vm }, index) => {
    const snapshot = results[index]?.snapshot;
    return snapshot === undefined ? [] : [{ kind: 'delete', vm, snapshot, scope: 'one' } as const];
  });
  void notify('info', message, undo)
    .then(async (button) => {
      const [only, ...others] = deletes;
      if (button === undo && only !== undefined) {
        await (others.length === 0 ? operate(run, only) : operateAll(run, deletes));
      }
    })
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.quickCheckpoint', reason));
}

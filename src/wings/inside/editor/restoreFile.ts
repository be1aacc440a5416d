// Restore to VM…: the file or folder under the mouse in a restore point, back into the VM that runs.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { VmView } from '../../../live/views.js';
import { isCancelledWhole } from '../../../text/guests/copyFailure.js';
import { copyProgressText } from '../../../text/guests/copyText.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { operate } from '../../../ui/commands/operate.js';
import { checkpointRequest } from '../../../ui/commands/snapshots/snapshotCommands.js';
import { askText } from '../../../ui/prompts/ask.js';
import { DismissedError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { askModal, notify, notifyProgress } from '../../../ui/prompts/notify.js';
import { isTargetPath } from '../back/guestTarget.js';
import { checkpointTitleOf, restoredLines, restoreLines, restoreTitle } from '../back/restoreText.js';
import { planRestore, type RestoreResult, type RestoreWish, runRestore } from '../back/restoreToGuest.js';
import { isRoot } from '../read/volumes.js';
import { addressOfCall, openGuestFile } from './openGuestFile.js';

export async function restoreFile(run: CommandRun): Promise<RestoreResult> {
  return openGuestFile(run, addressOfCall(run), async ({ view, volume, system, path, node, requireUnchanged }) => {
    const target = (await isRoot(volume)) ? path : await askTarget(view, path);
    return restore(run, { view, system, node, target, requireUnchanged }).catch((error: unknown) => {
      throw isCancelledWhole(error) ? new DismissedError() : error;
    });
  });
}

async function restore(run: CommandRun, wish: RestoreWish): Promise<RestoreResult> {
  const { ref, vm } = wish.view;
  const guest = { engine: run.engine, environment: process.env, log: run.log };
  const planned = await planRestore(wish, { ...guest, signal: new AbortController().signal });
  const confirm = t('Restore');
  const title = restoreTitle(planned, vm.name);
  if ((await askModal('warning', title, restoreLines(planned).join('\n'), confirm)) !== confirm) {
    throw new DismissedError();
  }
  let called = '';
  const takeCheckpoint = async (): Promise<{ readonly snapshot: string; readonly called: string }> => {
    const request = await checkpointRequest(run, ref, ({ snapshots }) =>
      checkpointTitleOf(planned.target.path, snapshots),
    );
    const { snapshot = '' } = await operate(run, request, { quiet: 'result' });
    called = request.title;
    return { snapshot, called };
  };
  const restored = await notifyProgress(t('Copying to {0}', vm.name), true, (report, cancellation) => {
    const controller = new AbortController();
    cancellation.onCancellationRequested(() => controller.abort());
    return runRestore(wish, planned, {
      ...guest,
      signal: controller.signal,
      takeCheckpoint,
      onProgress: (bytes, totalBytes) => report(copyProgressText(bytes, totalBytes)),
    });
  });
  offerUndo(wish.view, restored, called);
  return restored;
}

/** The revert asks by itself, and tells what the VM did since. */
function offerUndo({ ref, vm }: VmView, restored: RestoreResult, title: string): void {
  const undo = t('Undo');
  const { checkpoint } = restored;
  void notify('info', restoredLines({ ...restored, checkpoint: title }, vm.name).join(' '), undo).then((button) => {
    if (button === undo) {
      const row = { kind: 'snapshot', id: `restored ${ref.uuid} ${checkpoint}`, ref, snapshot: checkpoint } as const;
      void vscode.commands.executeCommand('virtRewind.revert', row);
    }
  });
}

/** Where a file system is mounted in the guest, only the guest knows. */
async function askTarget({ vm }: VmView, path: string): Promise<string> {
  const answer = await askText({
    title: t('Copy to {0}', vm.name),
    prompt: t('Path in the guest'),
    value: path,
    problem: (text) => (isTargetPath(text.trim()) ? undefined : t('Enter an absolute path, such as {0}.', '/tmp/file')),
  });
  return requireAnswer(answer).trim();
}

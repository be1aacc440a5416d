// virtRewind.cancelOperation: cancels what this window does with a VM, where libvirt can cancel it, and what waits.
import * as vscode from 'vscode';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { requestWords } from './operationNotice.js';
import { targetVm } from './targets.js';

const t = vscode.l10n.t;

/** Resolves when the wish is on its way; the operation itself tells how it ended. */
export async function cancelOperation(run: CommandRun): Promise<void> {
  const view = await targetVm(run, t('Cancel the operation on which VM?'), ({ ref }) => run.running.has(ref));
  const { operation } = view;
  if (!run.running.has(view.ref)) {
    throw new CommandError(
      'notFound',
      operation === undefined
        ? t('Nothing is being done with {0}.', view.vm.name)
        : t(
            '{0}: this was started elsewhere and cannot be cancelled here.',
            requestWords(run.inventory, operation.request),
          ),
      { vm: view.vm.name },
    );
  }
  const stays = operation === undefined || operation.progress.cancellable ? undefined : operation.request;
  if (run.running.cancel(view.ref, stays) === 0 && stays !== undefined) {
    throw new CommandError(
      'unsupported',
      t('{0}: libvirt cannot cancel this. It goes on to its end.', requestWords(run.inventory, stays)),
      { vm: view.vm.name },
    );
  }
}

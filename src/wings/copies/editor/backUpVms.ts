// Back Up…: VMs with all their snapshots, one after another.
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmView } from '../../../live/views.js';
import { bytesText } from '../../../text/bytesText.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { vmCountText } from '../../../text/words.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { targetVms } from '../../../ui/commands/targets.js';
import { CommandError, DismissedError } from '../../../ui/prompts/commandError.js';
import { notify } from '../../../ui/prompts/notify.js';
import type { BackupMade } from '../repository/backUp.js';
import { backUpVms as backUpEach } from '../repository/backUpVms.js';
import { backedUpLines, inOneLine } from '../doneText.js';
import { lookAtVm } from '../vm/lookAtVm.js';
import { onVmHost } from '../host/vmHost.js';
import { hostOfConnection, openHost } from './backupHost.js';
import { openTarget, pickRepository } from './backupTarget.js';
import { errorOfCopies, whileTold } from './copiesErrors.js';
import { rememberBackups } from './knownBackups.js';

export async function backUpVms(run: CommandRun): Promise<{ readonly backups: readonly string[] }> {
  const views = await targetVms(run);
  const host = await openHost(run.engine, requireOneHost(views).ref.connection);
  const opened = await openTarget(run, host, await pickRepository(run, host), true);
  const made: BackupMade[] = [];
  const failed: { readonly vm: string; readonly error: unknown }[] = [];
  const title = views.length === 1 ? views[0].vm.name : vmCountText(views.length);
  await whileTold(t('Backing up {0}', title), opened, async (signal, report) => {
    const onFailure = (vm: string, reason: unknown): void =>
      void failed.push({ vm, error: errorOfCopies(reason, opened.shown, vm) });
    try {
      const restic = await opened.open(signal);
      await onVmHost(host.login, process.env, (vmHost) => {
        const vms = views.map((view) => ({ view, look: () => lookAtVm(run.engine, view, vmHost) }));
        const wish = { create: opened.isNew, signal };
        return backUpEach(run.engine, restic, vms, wish, {
          onProgress: (vm, fraction) => report(`${displayLine(vm)}: ${Math.floor(fraction * 100)} %`),
          onMade: (one) => {
            made.push(one);
            return rememberBackups(run.remembered, opened, [...opened.backups, ...made]);
          },
          onFailure,
        });
      });
    } catch (reason) {
      onFailure(title, reason);
    }
  });
  tell(views, made, failed);
  return { backups: made.map(({ id }) => id) };
}

/** @throws CommandError: a folder is another one on each */
function requireOneHost(views: readonly [VmView, ...VmView[]]): VmView {
  if (new Set(views.map(({ ref }) => hostOfConnection(ref.connection).uri)).size > 1) {
    throw new CommandError('invalid', t('The VMs are on different hosts. Back up the VMs of one host at a time.'));
  }
  return views[0];
}

function tell(
  views: readonly VmView[],
  made: readonly BackupMade[],
  failed: readonly { readonly vm: string; readonly error: unknown }[],
): void {
  const [first] = failed;
  const count = views.length;
  if (first !== undefined && count === 1) {
    throw first.error;
  }
  const added = bytesText(made.reduce((sum, { addedBytes }) => sum + addedBytes, 0));
  const lines =
    count === 1
      ? made.flatMap(backedUpLines)
      : [
          t('Backed up {0}. New in the repository: {1}.', t('{0} of {1}', made.length, vmCountText(count)), added),
          ...made.flatMap((one) =>
            backedUpLines(one)
              .slice(1)
              .map((line) => `${displayLine(one.vm)}: ${line}`),
          ),
        ];
  const reasons = failed.flatMap(({ vm, error }) =>
    error instanceof DismissedError
      ? []
      : [`${displayLine(vm)}: ${error instanceof CommandError ? error.message : failureMessage(asFailure(error))}`],
  );
  if (reasons.length > 0) {
    throw new CommandError('failed', [...lines, ...reasons].join(' '));
  }
  const [view] = views;
  const button = t('Show Backups…');
  void notify('info', inOneLine(lines), button).then(async (pressed) => {
    if (pressed === button && view !== undefined) {
      const { uuid: vm, connection } = view.ref;
      await vscode.commands.executeCommand('virtRewind.showBackups', { vm, connection });
    }
  });
}

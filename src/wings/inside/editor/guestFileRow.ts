// What is done with a row of the guest files beside a restore: it is copied to this computer, or held against the same
// file of another restore point.
import { basename, isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { isActive } from '../../../domain/vm.js';
import { bytesText } from '../../../text/bytesText.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { namedVm } from '../../../ui/commands/targets.js';
import { CommandError, DismissedError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { notify, notifyProgress } from '../../../ui/prompts/notify.js';
import { pick } from '../../../ui/prompts/pickTarget.js';
import { copyOut } from '../copyOut.js';
import { addressOfCall, openGuestFile } from './openGuestFile.js';
import { namedPoints } from './restorePointNames.js';

/** Into the folder that is picked, under its own name. */
export async function copyGuestFile(run: CommandRun): Promise<{ readonly path: string }> {
  const uri = addressOfCall(run);
  const name = basename(uri.path);
  const asked = {
    title: t('Copy from {0}', displayLine(uri.path.split('/')[2] ?? '')),
    openLabel: t('Copy'),
    canSelectFolders: true,
  };
  const [folder] = requireAnswer(await vscode.window.showOpenDialog({ ...asked, canSelectFiles: false }));
  if (folder?.scheme !== 'file' || !isAbsolute(folder.fsPath)) {
    throw new CommandError('unsupported', t('Only files on this computer can be copied.'));
  }
  return openGuestFile(run, uri, async ({ view, system, node, requireUnchanged: isStillTrue }) => {
    const copied = await notifyProgress(t('Copying from {0}', view.vm.name), true, async (_, cancellation) => {
      const controller = new AbortController();
      const { signal } = controller;
      cancellation.onCancellationRequested(() => controller.abort());
      try {
        return await copyOut(system, node, { name, to: folder.fsPath, signal, isStillTrue });
      } catch (error) {
        throw signal.aborted ? new DismissedError() : error;
      }
    });
    const { path, bytes, files, leftOut, unread } = copied;
    void notify(
      unread.length === 0 ? 'info' : 'warning',
      [
        t('Copied to {0}: {1}, files: {2}', displayLine(path), bytesText(bytes), files),
        ...(leftOut === 0 ? [] : [t('Devices, sockets and pipes were left out: {0}', leftOut)]),
        ...(unread.length === 0 ? [] : [t('Could not be read and is missing: {0}', unread.length)]),
      ].join('. '),
    );
    return { path };
  });
}

/** The older one stands on the left, as in each comparison. */
export async function compareGuestFile(run: CommandRun): Promise<void> {
  const uri = addressOfCall(run);
  const [, vm = '', own = '', ...path] = uri.path.split('/');
  const { ref, vm: now } = await namedVm(run.engine, uri.authority);
  const points = namedPoints(await run.engine.readTree(ref), isActive(now.power) ? 'changes' : 'readable');
  const others = points.filter(({ folder }) => folder !== own).map(({ folder }) => ({ label: folder, value: folder }));
  const other = await pick(others, t('Select what to compare with {0}', own), run.title);
  const atPoint = (folder: string): vscode.Uri => uri.with({ path: ['', vm, folder, ...path].join('/') });
  // Where it is not there, that is told, and no editor opens that could show nothing.
  await openGuestFile(run, atPoint(other), () => Promise.resolve());
  const [newer = own, older = other] = points.map(({ folder }) => folder).filter((one) => one === own || one === other);
  const title = t('{0}: {1} and {2}', basename(uri.path), older, newer);
  await vscode.commands.executeCommand('vscode.diff', atPoint(older), atPoint(newer), title);
}

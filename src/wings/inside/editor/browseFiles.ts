// Opens a window with the files in the restore points of a VM. What cannot be read is said before.
import * as vscode from 'vscode';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { isCalledOnSnapshot, targetSnapshot, targetVm } from '../../../ui/commands/targets.js';
import { isActive } from '../../../domain/vm.js';
import { openGuestDisks } from '../guestFiles.js';
import { errorOfFiles } from './errorOfFiles.js';
import { restorePointsUri } from './guestFileProvider.js';
import { namedPoints } from './restorePointNames.js';

export async function browseFiles(run: CommandRun): Promise<{ readonly folder: string }> {
  const { view, snapshot } = isCalledOnSnapshot(run)
    ? await targetSnapshot(run)
    : { view: await targetVm(run), snapshot: undefined };
  const tree = await run.engine.readTree(view.ref);
  const points = namedPoints(tree, isActive(view.vm.power) ? 'changes' : 'readable');
  const shown = snapshot ?? points[0]?.snapshot;
  try {
    const signal = new AbortController().signal;
    const options = { environment: process.env, signal, ...(shown !== undefined && { snapshot: shown }) };
    (await openGuestDisks(run.engine, view, options)).close();
  } catch (error) {
    throw errorOfFiles(error, view);
  }
  const folder = restorePointsUri(view);
  await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: true });
  return { folder: folder.toString() };
}

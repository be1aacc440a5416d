// What VMs and snapshots are on the host: their XML, their files, their console's log.
import * as vscode from 'vscode';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { isCalledOnSnapshot, targetSnapshot, targetVm } from '../targets.js';
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError, requireAnswer } from '../../prompts/commandError.js';
import { type Choice, pick } from '../../prompts/pickTarget.js';
import type { VmView } from '../../../live/views.js';
import type { VmFile, VmFiles } from '../../../domain/vmFiles.js';
import { vmFileText } from '../../../text/rows/vmFileText.js';
import { noteInStatusBar, notify } from '../../prompts/notify.js';
import { isFar } from '../../../driver/sharedHost.js';
import { access } from 'node:fs/promises';
import { t } from '@vscode/l10n';

export const fileCommands = {
  'virtRewind.showXml': showXml,
  'virtRewind.showFiles': showFiles,
  'virtRewind.openConsoleLog': openConsoleLog,
} satisfies CommandTable;

/** Opens the XML of a VM or a snapshot, read-only. */
async function showXml(run: CommandRun): Promise<void> {
  if (isCalledOnSnapshot(run)) {
    const { view, snapshot } = await targetSnapshot(run);
    await run.documents.open(view.ref, snapshot.name);
  } else {
    await run.documents.open((await targetVm(run)).ref);
  }
}

/**
 * Lists the files that a VM or a snapshot is made of; copies their paths, shows one where it lies. Resolves to the
 * paths that were copied, or the one that was shown.
 */
async function showFiles(run: CommandRun): Promise<{ readonly paths: readonly string[] }> {
  const { view, snapshot } = isCalledOnSnapshot(run)
    ? await targetSnapshot(run)
    : { view: await targetVm(run), snapshot: undefined };
  const read = await run.engine.readFiles(view.ref);
  const name = snapshot?.title ?? view.vm.name;
  const files =
    snapshot === undefined ? read.files : read.files.filter((file) => file.snapshots.includes(snapshot.name));
  if (files.length === 0) {
    throw new CommandError('notFound', t('libvirt reports no files of {0}.', name), { vm: view.vm.name });
  }
  const picked = await pick<VmFile | 'all'>(choices(files, run.engine.findVm(view.ref) ?? view), title(name, read));
  if (picked === 'all') {
    return copy(files.map(({ path }) => path));
  }
  const problem = await obstacle(picked, read.nearby);
  const deeds: readonly Choice<'copy' | 'show'>[] = [
    { label: t('Copy Path'), icon: 'copy', value: 'copy' },
    ...(problem === undefined ? [{ label: showLabel(), icon: 'folder-opened', value: 'show' } as const] : []),
  ];
  if ((await pick(deeds, problem ?? picked.path)) === 'copy') {
    return copy([picked.path]);
  }
  await show(picked.path);
  return { paths: [picked.path] };
}

function title(name: string, { metadataKnown }: VmFiles): string {
  const what = t('Files of {0}: select one to copy its path or to show it', name);
  return metadataKnown ? what : `${what}. ${t('The folder in which this daemon keeps its own files is unknown.')}`;
}

function choices(files: readonly VmFile[], view: VmView): readonly Choice<VmFile | 'all'>[] {
  return [
    ...files.map((file) => {
      const { name, facts } = vmFileText(file, view);
      return { label: name, description: facts, detail: file.path, value: file };
    }),
    { label: t('Copy All {0} Paths', files.length), icon: 'copy', value: 'all' },
  ];
}

/** Why the file cannot be shown, as a sentence. */
async function obstacle({ path, seen }: VmFile, nearby: boolean): Promise<string | undefined> {
  if (!nearby) {
    return t('{0} is on another computer and cannot be shown here.', path);
  }
  const problem = seen === 'missing' ? seen : await fileProblem(path, constants.F_OK);
  switch (problem) {
    case 'missing':
      return t('{0} does not exist, so it cannot be shown.', path);
    case 'denied':
      return t('You do not have permission to open the folder of {0}.', path);
    case undefined:
      return undefined;
  }
}

async function copy(paths: readonly string[]): Promise<{ readonly paths: readonly string[] }> {
  await vscode.env.clipboard.writeText(paths.join('\n'));
  noteInStatusBar(paths.length === 1 ? t('Copied {0}', paths[0] ?? '') : t('Copied {0} paths', paths.length));
  return { paths };
}

/** The computer's own file manager shows nothing to somebody who sits at another one. */
function isAtThisComputer(): boolean {
  return vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
}

function showLabel(): string {
  return isAtThisComputer() ? t('Show in File Manager') : t('Open Folder in a New Window');
}

async function show(path: string): Promise<void> {
  if (isAtThisComputer()) {
    await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(path));
  } else {
    await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(dirname(path)), { forceNewWindow: true });
  }
}

/** Opens the file to which libvirt logs a VM's serial console, at its end, and follows it. */
async function openConsoleLog(run: CommandRun): Promise<{ readonly path: string } | undefined> {
  const view = await targetVm(run, ({ vm }) => vm.consoleLog !== undefined);
  const path = view.vm.consoleLog;
  const vm = view.vm.name;
  if (path === undefined) {
    throw new CommandError(
      'unsupported',
      t('{0} has no console log. Add {1} to its serial port in the XML, then restart the VM.', vm, '<log file="…"/>'),
      { vm },
    );
  }
  if (isFar(view.ref.connection)) {
    throw new CommandError('unsupported', t('The console log of {0} is on another computer: {1}.', vm, path), {
      vm,
      path,
    });
  }
  const problem = await fileProblem(path, constants.R_OK);
  if (problem === 'missing') {
    throw new CommandError('notFound', t('{0} does not exist yet. Start {1} first.', path, vm), { vm, path });
  }
  if (problem === 'denied') {
    return offerCommand(run, vm, path);
  }
  await run.logs.open(path);
  return { path };
}

/** Console logs of the system connection belong to root: tell how they can be read. */
async function offerCommand(run: CommandRun, vm: string, path: string): Promise<undefined> {
  const command = `sudo tail -F '${path.replaceAll("'", String.raw`'\''`)}'`;
  const sentence = t('Only root can read the console log of {0}. Run in a terminal: {1}', vm, command);
  if (run.call.kind === 'program') {
    throw new CommandError('denied', sentence, { vm, path });
  }
  const copy = t('Copy Command');
  if (requireAnswer(await notify('warning', sentence, copy)) === copy) {
    await vscode.env.clipboard.writeText(command);
  }
}

/**
 * @param mode as `access` takes it: `constants.F_OK` asks whether it is there, `constants.R_OK` whether it can be read
 */
async function fileProblem(path: string, mode: number): Promise<'missing' | 'denied' | undefined> {
  try {
    await access(path, mode);
    return undefined;
  } catch (error) {
    // A folder that may not be searched hides whether the file is there.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'missing' : 'denied';
  }
}

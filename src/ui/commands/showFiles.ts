// virtRewind.showFiles: lists the files that a VM or a snapshot is made of; copies their paths, shows one where it lies.
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { fileProblem } from './fileProblem.js';
import { type Choice, pick } from '../prompts/pickTarget.js';
import { targetSnapshot, targetVm } from './targets.js';
import type { VmView } from '../../inventory/views.js';
import type { VmFile, VmFiles } from '../../domain/vmFiles.js';
import { vmFileText } from '../../text/vmFileText.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { meansSnapshot } from './showXml.js';

const t = vscode.l10n.t;

/** Resolves to the paths that were copied, or the one that was shown. */
export async function showFiles(run: CommandRun): Promise<{ readonly paths: readonly string[] }> {
  const question = t('Show the files of what?');
  const { view, snapshot } = meansSnapshot(run)
    ? await targetSnapshot(run, question)
    : { view: await targetVm(run, question), snapshot: undefined };
  const read = await run.inventory.readFiles(view.ref);
  const name = snapshot?.title ?? view.vm.name;
  const files =
    snapshot === undefined ? read.files : read.files.filter((file) => file.snapshots.includes(snapshot.name));
  if (files.length === 0) {
    throw new CommandError('notFound', t('No file of {0} is known: libvirt names none.', name), { vm: view.vm.name });
  }
  const picked = await pick<VmFile | 'all'>(choices(files, run.inventory.findVm(view.ref) ?? view), title(name, read));
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
  const what = t('Files of {0}: choose one to copy its path or to show it', name);
  return metadataKnown ? what : `${what}. ${t('Where libvirt keeps its own files is not known of this daemon.')}`;
}

function choices(files: readonly VmFile[], view: VmView): readonly Choice<VmFile | 'all'>[] {
  return [
    ...files.map((file) => {
      const { name, facts } = vmFileText(file, view, t);
      return { label: name, description: facts, detail: file.path, value: file };
    }),
    { label: t('Copy All {0} Paths', files.length), icon: 'copy', value: 'all' },
  ];
}

/** Why the file cannot be shown, as a sentence. */
async function obstacle({ path, seen }: VmFile, nearby: boolean): Promise<string | undefined> {
  if (!nearby) {
    return t('{0} is on another computer, so it cannot be shown here.', path);
  }
  const problem = seen === 'missing' ? seen : await fileProblem(path, constants.F_OK);
  switch (problem) {
    case 'missing':
      return t('{0} is not there, so it cannot be shown.', path);
    case 'denied':
      return t('You may not look into the folder of {0}, so it cannot be shown.', path);
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
  return isAtThisComputer() ? t('Show in File Manager') : t('Open Its Folder in a New Window');
}

async function show(path: string): Promise<void> {
  if (isAtThisComputer()) {
    await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(path));
  } else {
    await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(dirname(path)), { forceNewWindow: true });
  }
}

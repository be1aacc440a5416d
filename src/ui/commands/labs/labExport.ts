// A lab file written of VMs that are there: those of the selected rows, of a system, or those that are picked.
import { writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { Failure } from '../../../domain/failure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { StoredSystem } from '../../../domain/system.js';
import { openConnections } from '../../../engine/findTargets.js';
import { vmsOnce } from '../../../live/sameDaemon.js';
import { type VmView, vmKey } from '../../../live/views.js';
import { labFileName } from '../../../manifest/labFileName.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { CommandError } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { pick, pickSeveral } from '../../prompts/pickTarget.js';
import { vmOfNode } from '../../tree/nodes.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';
import { mustConfirm } from '../consent.js';
import { existingVm } from '../operate.js';
import { isForSystem, reachMembers, targetSystem } from '../systems/systemTargets.js';
import { namedVm } from '../targets.js';

interface ExportedFile {
  /** Absolute. */
  readonly file: string;
  /** Names. */
  readonly vms: readonly string[];
}

interface ExportTargets {
  readonly views: readonly VmView[];
  readonly stored?: StoredSystem;
}

export async function exportLab(run: CommandRun): Promise<ExportedFile> {
  if (!vscode.workspace.isTrusted) {
    throw new CommandError('refused', t('A lab file cannot be written while the workspace is not trusted.'));
  }
  const { views, stored } = isForSystem(run) ? await membersOf(run) : { views: await vmsOf(run) };
  const file = await placeOf(run);
  requireSaved(file);
  const text = await textOf(run, views, stored, file);
  await write(run, file, text);
  await vscode.window.showTextDocument(vscode.Uri.file(file));
  noteInStatusBar(t('Wrote {0}.', displayLine(file)));
  return { file, vms: views.map(({ vm }) => vm.name) };
}

/** @throws Failure `notFound`: half of a system is another lab */
async function membersOf(run: CommandRun): Promise<ExportTargets> {
  const stored = await targetSystem(run);
  await reachMembers(run, stored);
  const views = stored.system.members.map((member) => {
    const view = run.engine.findVm(member);
    if (view === undefined) {
      throw new Failure('notFound', { vm: member.name, connection: member.connection });
    }
    return view;
  });
  return { views, stored };
}

/** Those of the rows or those given, else those that are picked. */
async function vmsOf(run: CommandRun): Promise<readonly VmView[]> {
  const { engine } = run;
  const { vms, connection } = argumentsOf(run.call);
  const rows = run.call.kind === 'rows' ? run.call.rows.flatMap((row) => vmOfNode(row) ?? []) : [];
  if (rows.length > 0) {
    return [...new Map(rows.map((ref) => [vmKey(ref), ref])).values()].map((ref) => existingVm(run, ref));
  }
  if (vms === undefined) {
    await openConnections(engine);
  }
  const views =
    vms === undefined
      ? await pickSeveral(
          vmsOnce(engine.connections).map((view) => ({ label: view.vm.name, value: view, isPicked: false })),
          t('Select the VMs for the lab file'),
        )
      : await Promise.all(vms.map((vm) => namedVm(engine, vm, connection)));
  if (views.length === 0) {
    throw new CommandError('invalid', t('A lab file needs at least one VM.'));
  }
  return views;
}

/** As it was told, or beside what else is in the folder of the workspace. */
async function placeOf({ call }: CommandRun): Promise<string> {
  const { file = labFileName } = argumentsOf(call);
  if (isAbsolute(file)) {
    return file;
  }
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  const [first, ...others] = folders;
  if (first === undefined) {
    throw new CommandError('notFound', t('No folder is open to write a lab file to. Open one, then try again.'));
  }
  const folder =
    others.length === 0 || call.kind === 'program'
      ? first
      : await pick(
          folders.map((one) => ({ label: one.name, description: one.uri.fsPath, value: one })),
          t('Select the folder for the lab file'),
        );
  return join(folder.uri.fsPath, file);
}

/** What is typed there and nowhere else would be lost, or come back over what was written. */
function requireSaved(file: string): void {
  if (vscode.workspace.textDocuments.some(({ uri, isDirty }) => isDirty && uri.fsPath === file)) {
    throw new CommandError(
      'refused',
      t('{0} has unsaved changes, so nothing was written. Save or discard them first.', displayLine(file)),
    );
  }
}

/** @throws CommandError where it would be no lab file, as with more VMs than one can have */
async function textOf(
  { engine, history, log }: CommandRun,
  views: readonly VmView[],
  stored: StoredSystem | undefined,
  file: string,
): Promise<string> {
  const { exportLabFile } = await import('../../../lab/exportLab.js');
  const { folder } = history;
  const { text, problem } = await exportLabFile(views, stored, file, {
    engine,
    folder,
    log,
    environment: process.env,
  });
  if (problem !== undefined) {
    throw new CommandError(
      'unsupported',
      t('A lab file cannot describe these VMs, so nothing was written. {0}', problem),
    );
  }
  return text;
}

/** Whatever stands there is somebody's work: asked before, unless that was said. @throws Dismissed */
async function write(run: CommandRun, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw notWritten(file, error);
    }
  }
  if (mustConfirm(run)) {
    await askQuestion({
      title: t('Replace the file?'),
      lines: [t('{0} already exists. Its content will be lost.', displayLine(file))],
      details: '',
      confirm: t('Replace'),
    });
  }
  await writeFile(file, text).catch((error: unknown) => {
    throw notWritten(file, error);
  });
}

function notWritten(file: string, error: unknown): CommandError {
  const why = error instanceof Error ? displayLine(error.message) : '';
  return new CommandError(
    'failed',
    t('Could not write {0}: {1}. Check that its folder exists and is writable.', displayLine(file), why),
    {},
    { cause: error },
  );
}

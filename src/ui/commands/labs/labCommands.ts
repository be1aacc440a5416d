// Labs in the editor: made, reset, checked, removed and written, by what the command line calls too.
import { basename, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { isOfWing } from '../../../domain/failure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { labReportText } from '../../../lab/labReport.js';
import type { MakeWish } from '../../../made/makeContext.js';
import type { Labs } from '../../../lab/labs.js';
import type { SystemResult } from '../../../systems/groupRun.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { CommandError, NothingThere } from '../../prompts/commandError.js';
import { noteInStatusBar, notify, notifyProgress } from '../../prompts/notify.js';
import { setContextKeys } from '../../contextKeys.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { mustConfirm, typeNameOfLab } from '../consent.js';
import { exportLab } from './labExport.js';
import { carryOutSystem } from '../systems/systemOperations.js';
import { sessionOf } from '../sessionOf.js';
import { startDatesTimer } from '../snapshots/untilCommands.js';
import { labFileName } from '../../../manifest/labFileName.js';

const mostFiles = 50;

/** Absolute. What is typed in it so far is saved. @throws CommandError `notFound` where there is none */
async function labFileOf(run: CommandRun, placeholder: string): Promise<string> {
  const file = await askForLabFile(run, placeholder);
  const edited = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === file);
  if (edited?.isDirty === true && !(await edited.save())) {
    throw new CommandError('failed', t('Could not save {0}, so nothing was changed.', displayLine(file)));
  }
  return file;
}

async function askForLabFile({ call }: CommandRun, placeholder: string): Promise<string> {
  if (call.kind === 'file') {
    return call.path;
  }
  const { file } = argumentsOf(call);
  if (file !== undefined) {
    return isAbsolute(file) ? file : join(vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', file);
  }
  const edited = vscode.window.activeTextEditor?.document.uri;
  if (edited?.scheme === 'file' && basename(edited.fsPath) === labFileName) {
    return edited.fsPath;
  }
  const found = await vscode.workspace.findFiles(`**/${labFileName}`, '**/node_modules/**', mostFiles);
  const files = found.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
  const [first, ...others] = files.sort();
  if (first === undefined) {
    throw new NothingThere(
      t(
        'This workspace has no lab file. A lab file is named {0} and lists the VMs that the project needs.',
        labFileName,
      ),
    );
  }
  return others.length === 0
    ? first
    : pick(
        files.map((path) => ({ label: vscode.workspace.asRelativePath(path), value: path })),
        placeholder,
      );
}

export const labCommands = {
  'virtRewind.createLab': create,
  'virtRewind.resetLab': reset,
  'virtRewind.checkLab': check,
  'virtRewind.destroyLab': destroy,
  'virtRewind.openLabFile': open,
  'virtRewind.exportLab': exportLab,
} satisfies CommandTable;

interface MadeLab {
  readonly lab: string;
  readonly isNew: boolean;
}

async function create(run: CommandRun): Promise<MadeLab> {
  requireTrust();
  const file = await labFileOf(run, t('Select a lab file'));
  return withLabs(run, file, async (labs) => {
    const plan = await labs.plan(file);
    if (plan === 'ready') {
      const name = (await labs.find(file))?.name ?? '';
      noteInStatusBar(t('The lab already exists.'));
      return { lab: name, isNew: false };
    }
    const name = displayLine(plan.lab.name);
    const { createdText, createLines } = await import('../../../lab/labLines.js');
    if (mustConfirm(run)) {
      const isAgain = plan.again === true;
      await askQuestion({
        title: isAgain ? t('Run the changed steps of the lab {0}?', name) : t('Create the lab {0}?', name),
        lines: createLines(plan),
        details: '',
        confirm: isAgain ? t('Run') : t('Create'),
        ...((plan.used ?? []).length === 0 && { isCalm: true }),
      });
    }
    if (plan.isProtected) {
      await typeNameOfLab(plan.lab.name);
    }
    const show = run.tree.focus.followNewSystem();
    const notes: string[] = [];
    const onNote = (line: string): unknown => notes.push(line);
    await atWork(run, t('Creating lab {0}', name), (wish) => labs.create(plan, { ...wish, onNote }));
    await (plan.lab.points.some(({ until }) => until !== undefined) ? startDatesTimer(run) : undefined);
    void setContextKeys({ 'virtRewind.didCreateLab': true });
    const system = (await labs.find(file))?.system;
    if (system !== undefined) {
      show(system);
    }
    tell(run, [createdText(plan), ...notes].join(' '));
    return { lab: plan.lab.name, isNew: plan.again !== true };
  });
}

async function reset(run: CommandRun): Promise<SystemResult> {
  requireTrust();
  const file = await labFileOf(run, t('Select a lab file'));
  return withLabs(run, file, async (labs) => {
    const record = await labs.find(file);
    const point = argumentsOf(run.call).snapshot ?? (await pointOf(run, record?.system));
    // Whatever cannot be is told before a name is typed.
    const { system } = await labs.planReset(file, point);
    const name = await labs.protectedName(file);
    if (name !== undefined) {
      await typeNameOfLab(name);
    }
    const result = await carryOutSystem(run, { system }, 'virtRewind.resetLab', () => labs.planReset(file, point));
    await labs.settle(file, (line) => tell(run, line));
    return result;
  });
}

/** The title of the one that a person picks, where there are several; undefined: the first. */
async function pointOf(run: CommandRun, system: string | undefined): Promise<string | undefined> {
  const stored = system === undefined ? undefined : await (await run.systems.open()).find(system);
  const points = (stored?.points ?? []).filter(({ auto }) => auto === undefined);
  return run.call.kind === 'program' || points.length < 2
    ? undefined
    : pick(
        points.map(({ title }) => ({ label: title, value: title })),
        t('Select the restore point to reset the lab to'),
      );
}

/**
 * What is wrong with the file, and what differs from what was made of it: a page where it is more than a message holds.
 */
async function check(run: CommandRun): Promise<readonly string[]> {
  const file = await labFileOf(run, t('Select a lab file'));
  return withLabs(run, file, async (labs) => {
    const { problems, differences } = await labs.check(file);
    const lines = [
      ...problems.map(({ line, column, message }) => `${basename(file)}:${line}:${column}: ${message}`),
      ...differences.map(({ message }) => message),
    ];
    const [first, ...more] = lines;
    if (run.call.kind === 'program') {
      return lines;
    }
    if (more.length > 0) {
      await showReport(run, file, { problems, differences });
    } else {
      void notify(first === undefined ? 'info' : 'warning', first ?? t('The lab matches its file.'));
    }
    return lines;
  });
}

async function showReport(run: CommandRun, file: string, found: Parameters<typeof labReportText>[1]): Promise<void> {
  const report = await import('../../../lab/labReport.js');
  await run.reports.open(t('Check of {0}', basename(file)), report.labReportText(file, found));
}

async function destroy(run: CommandRun): Promise<{ readonly removed: readonly string[] }> {
  requireTrust();
  const file = await labFileOf(run, t('Select a lab file'));
  return withLabs(run, file, async (labs) => {
    const record = await labs.planDestroy(file);
    if (record === undefined) {
      noteInStatusBar(t('This lab has created nothing that still exists.'));
      return { removed: [] };
    }
    const name = displayLine(record.name);
    if (mustConfirm(run)) {
      const { destroyLines } = await import('../../../lab/labLines.js');
      await askQuestion({
        title: t('Destroy the lab {0}?', name),
        lines: destroyLines(record, (vm) => run.engine.findVm(vm), Date.now()),
        details: '',
        confirm: t('Destroy'),
      });
    }
    if (record.isProtected) {
      await typeNameOfLab(record.name);
    }
    const notes: string[] = [];
    const onNote = (line: string): unknown => notes.push(line);
    await atWork(run, t('Destroying lab {0}', name), (wish) => labs.destroy(record, { ...wish, onNote }));
    tell(run, [t('Lab “{0}” destroyed.', name), ...notes].join(' '));
    return { removed: record.vms.filter(({ parts }) => parts !== undefined).map((vm) => vm.name) };
  });
}

async function open(run: CommandRun): Promise<void> {
  const file = await labFileOf(run, t('Select a lab file'));
  await vscode.window.showTextDocument(vscode.Uri.file(file));
}

/** The author of the file could do anything to the VMs. Looking is free. */
function requireTrust(): void {
  if (!vscode.workspace.isTrusted) {
    throw new CommandError(
      'refused',
      t('Labs cannot be created, reset or destroyed while the workspace is not trusted. You can view the lab file.'),
    );
  }
}

function tell(run: CommandRun, message: string): void {
  run.log.info(message);
  void notify('info', message);
}

/** Cancelled, it ends after the step at hand. Also where it was broken off, what is there now is shown. */
async function atWork(run: CommandRun, title: string, work: (wish: MakeWish) => Promise<void>): Promise<void> {
  try {
    await notifyProgress(title, true, (report, cancellation) => {
      const controller = new AbortController();
      cancellation.onCancellationRequested(() => controller.abort());
      return work({ signal: controller.signal, onStep: (what) => report(what) });
    });
  } finally {
    await run.systems.known.read();
    // The status bar shows the system of the lab.
    await run.chosen.find();
  }
}

async function withLabs<T>(run: CommandRun, file: string, act: (labs: Labs) => Promise<T>): Promise<T> {
  const { Labs: Loaded } = await import('../../../lab/labs.js');
  const labs = new Loaded({
    session: sessionOf(run),
    log: run.log,
    shell: vscode.env.appName,
    environment: process.env,
  });
  try {
    return await act(labs);
  } catch (error) {
    if (isOfWing(error, 'lab', 'wrong') && run.call.kind !== 'program') {
      const found = await labs.check(file);
      if (found.problems.length > 1) {
        await showReport(run, file, found);
        throw new CommandError(
          'invalid',
          t('{0} contains errors, so nothing was changed. The page lists them.', basename(file)),
        );
      }
    }
    throw error;
  }
}

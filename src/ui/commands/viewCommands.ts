// What the view shows and in which order, and what opens beside it.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { givenTo } from './commandArguments.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { targetVm } from './targets.js';
import { answered, CommandError } from '../prompts/commandError.js';
import { askText } from '../prompts/ask.js';

export const viewCommands = {
  'virtRewind.showPicture': showPicture,
  'virtRewind.showHistory': showHistory,
  'virtRewind.goToCurrent': goToCurrent,
  'virtRewind.refresh': refresh,
  'virtRewind.showLog': showLog,
  'virtRewind.filter': filter,
  /** Shows all rows again. */
  'virtRewind.clearFilter': (run) => run.tree.setFilter(''),
  /** Orders snapshots by when they were taken. */
  'virtRewind.sortByTime': (run) => run.tree.setSort('time'),
  /** Orders snapshots by their titles. */
  'virtRewind.sortByName': (run) => run.tree.setSort('name'),
  /** Each snapshot under its parent. */
  'virtRewind.showAsTree': (run) => run.tree.setLayout('tree'),
  /** All snapshots of a VM side by side. */
  'virtRewind.showAsList': (run) => run.tree.setLayout('list'),
} satisfies CommandTable;

/**
 * Reads everything again, or what a caller names. From the view it always means everything: the button above the view hands
 * in whatever row has the focus.
 */
async function refresh(run: CommandRun): Promise<void> {
  const { vm, connection } = givenTo(run.call);
  if (vm !== undefined) {
    const view = await targetVm(run, '');
    await run.inventory.refresh({ vm: view.ref });
  } else {
    await run.inventory.refresh(connection === undefined ? undefined : { connection });
  }
}

/** Shows only the rows that contain a text. */
async function filter(run: CommandRun): Promise<void> {
  const text =
    givenTo(run.call).filter ??
    answered(
      await askText({
        title: t('Filter VMs and Snapshots'),
        prompt: t('Shows VMs and snapshots whose name contains this text; empty shows all.'),
        value: run.tree.filter,
      }),
    );
  await run.tree.setFilter(text.trim());
}

/**
 * Opens the picture of a VM, its snapshots and its blocks, in an editor tab. Called on what the user looks at already, it
 * opens a second one beside it.
 */
async function showPicture(run: CommandRun): Promise<void> {
  const { ref } = await targetVm(run, t('Show the picture of which VM?'));
  const row = run.call.kind === 'rows' ? run.call.rows[0] : undefined;
  const snapshot = row?.kind === 'snapshot' ? row.snapshot : givenTo(run.call).snapshot;
  const open = run.pictures.find(ref);
  run.pictures.show(ref, {
    ...(snapshot === undefined ? {} : { focus: { part: 'tree', snapshot } }),
    where: open?.isActive === true && snapshot === undefined ? 'beside' : 'again',
  });
}

/** Takes the focus to where a VM stands now. */
async function goToCurrent(run: CommandRun): Promise<void> {
  const { ref } = await targetVm(run, t('Go to where which VM stands?'));
  await run.tree.goToCurrent(ref);
}

/** Opens the log channel. */
function showLog(run: CommandRun): Promise<void> {
  run.log.show();
  return Promise.resolve();
}

/** Opens the file that keeps who did what to which VM. */
async function showHistory(run: CommandRun): Promise<void> {
  const { history, log } = run;
  try {
    await vscode.workspace.fs.stat(history);
  } catch (error) {
    log.debug(`no history: ${String(error)}`);
    throw new CommandError('notFound', t('Nothing has been done to a VM from here yet.'), { path: history.fsPath });
  }
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(history), { preview: true });
}

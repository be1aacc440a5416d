// virtRewind.filter: shows only the rows that contain a text.
import * as vscode from 'vscode';
import { givenTo } from './commandArguments.js';
import { answered } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { askText } from '../prompts/ask.js';

export async function filter(run: CommandRun): Promise<void> {
  const text =
    givenTo(run.call).filter ??
    answered(
      await askText({
        title: vscode.l10n.t('Filter VMs and Snapshots'),
        prompt: vscode.l10n.t('Shows VMs and snapshots whose name contains this text; empty shows all.'),
        value: run.tree.filter,
      }),
    );
  await run.tree.setFilter(text.trim());
}

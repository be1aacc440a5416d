// virtRewind.keepSnapshot: from now on nothing that deletes by rule touches the snapshot, and its age is no warning.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { markSnapshots } from './markSnapshots.js';

const t = vscode.l10n.t;

export async function keepSnapshot(run: CommandRun): Promise<void> {
  await markSnapshots(run, 'kept', t('Keep which snapshot?'), (titles) => t('Kept: {0}', titles));
}

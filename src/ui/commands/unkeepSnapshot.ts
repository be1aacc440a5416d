// virtRewind.unkeepSnapshot: takes back that a snapshot is to be kept.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { markSnapshots } from './markSnapshots.js';

const t = vscode.l10n.t;

export async function unkeepSnapshot(run: CommandRun): Promise<void> {
  await markSnapshots(run, 'free', t('Keep which snapshot no longer?'), (titles) => t('No longer kept: {0}', titles));
}

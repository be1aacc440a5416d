// virtRewind.compareWithPresent: what differs between a snapshot of a VM and its present state.
import * as vscode from 'vscode';
import type { CommandRun } from './commandServices.js';
import { compareStates, type ComparisonResult } from './compareStates.js';
import { targetSnapshot } from './targets.js';

export async function compareWithPresent(run: CommandRun): Promise<ComparisonResult> {
  const { view, snapshot } = await targetSnapshot(run, vscode.l10n.t('Compare which snapshot with the present?'));
  return compareStates(run, view, snapshot, undefined);
}

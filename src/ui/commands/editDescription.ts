// virtRewind.editDescription: changes the title and the description of a snapshot; its name stays.
import * as vscode from 'vscode';
import type { OperationResult } from '../../domain/operation.js';
import { askDescription, askTitle } from '../prompts/askTitle.js';
import { givenTo } from './commandArguments.js';
import type { CommandRun } from './commandServices.js';
import { operate } from './operate.js';
import { targetSnapshot } from './targets.js';

export async function editDescription(run: CommandRun): Promise<OperationResult> {
  const { view, snapshot } = await targetSnapshot(run, vscode.l10n.t('Edit the description of which snapshot?'));
  const given = givenTo(run.call);
  // Who gives one of the two wants the other as it is.
  const asks = given.title === undefined && given.description === undefined;
  const others = (view.tree?.snapshots ?? []).filter(({ name }) => name !== snapshot.name);
  const title = given.title ?? (asks ? await askTitle(snapshot.title, others) : snapshot.title);
  const description = given.description ?? (asks ? await askDescription(snapshot.description) : snapshot.description);
  return operate(run, { kind: 'describe', vm: view.ref, snapshot: snapshot.name, title, description });
}

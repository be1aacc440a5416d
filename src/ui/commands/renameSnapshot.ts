// virtRewind.renameSnapshot: another name where libvirt can hold it, else another title.
import * as vscode from 'vscode';
import type { OperationResult } from '../../domain/operation.js';
import { askTitle } from '../prompts/askTitle.js';
import { givenTo } from './commandArguments.js';
import type { CommandRun } from './commandServices.js';
import { operate } from './operate.js';
import { targetSnapshot } from './targets.js';

export async function renameSnapshot(run: CommandRun): Promise<OperationResult> {
  const { view, snapshot } = await targetSnapshot(run, vscode.l10n.t('Rename which snapshot?'));
  const others = (view.tree?.snapshots ?? []).filter(({ name }) => name !== snapshot.name);
  const title = givenTo(run.call).title ?? (await askTitle(snapshot.title, others));
  return operate(run, { kind: 'rename', vm: view.ref, snapshot: snapshot.name, title });
}

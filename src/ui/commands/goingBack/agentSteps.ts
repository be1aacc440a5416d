// What agents did to a VM, step by step, each with the way back to before it.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { OperationRequest } from '../../../domain/operation.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import type { VmView } from '../../../live/views.js';
import { findSnapshot } from '../../../domain/snapshotTree.js';
import { AgentCheckpoints, existingCheckpoints, findCheckpointBefore } from '../../../journal/agentCheckpoints.js';
import { readAudit } from '../../../journal/readAudit.js';
import { agentStepText, historyEntries } from '../../../text/rows/historyRows.js';
import { operationWords } from '../../../text/operations/operationText.js';
import { agoText } from '../../../text/relativeAge.js';
import { CommandError } from '../../prompts/commandError.js';
import { type Choice, mostOffered } from '../../prompts/pickTarget.js';
import type { CommandRun } from '../commandServices.js';

type Entry = ReturnType<typeof historyEntries>[number];

/** A line for each, the last first. Of a step without a snapshot before it, the value is undefined. */
export async function agentStepLines(
  run: CommandRun,
  { ref }: VmView,
): Promise<readonly (Choice<Snapshot | undefined> & { readonly at: number })[]> {
  const folder = run.history.folder;
  const entries = historyEntries(await readAudit(folder, run.log))
    .filter(({ vm: { uuid }, request }) => uuid === ref.uuid && request['kind'] === 'agent')
    .slice(0, mostOffered);
  if (entries.length === 0) {
    return [];
  }
  const tree = await run.engine.readTree(ref);
  const there = existingCheckpoints(await new AgentCheckpoints(folder, run.log).of(ref), tree);
  const snapshotBefore = ({ request: { step, before } }: Entry): Snapshot | undefined => {
    const noted = there.filter(({ name }) => name === before);
    return findSnapshot(tree, findCheckpointBefore(noted, Number(step))?.name ?? '');
  };
  const now = Date.now();
  return entries.map((entry) => {
    const snapshot = snapshotBefore(entry);
    const { did, ended } = agentStepText(entry);
    return {
      at: entry.at,
      group: t('Steps of agents'),
      label: did,
      description: `${agoText(entry.at, now)} · ${ended}`,
      detail: `→ ${snapshot === undefined ? goneText() : operationWords({ kind: 'revert' } as OperationRequest, snapshot.title)}`,
      ...(snapshot === undefined && { icon: 'circle-slash' }),
      value: snapshot,
    };
  });
}

/** An ordinary revert, with its question. @throws CommandError */
export function revertToBeforeStep({ ref, vm }: VmView, snapshot: Snapshot | undefined): Thenable<unknown> {
  if (snapshot === undefined) {
    throw new CommandError('notFound', goneText(), { vm: vm.name });
  }
  const given = { vm: ref.uuid, connection: ref.connection, snapshot: snapshot.name };
  return vscode.commands.executeCommand('virtRewind.revert', given);
}

function goneText(): string {
  return t('The snapshot from before this step no longer exists.');
}

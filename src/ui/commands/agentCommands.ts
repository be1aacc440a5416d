// What agents did to a VM, step by step, each with the way back to before it, which is an ordinary revert with its question.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { OperationRequest } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { AgentCheckpoints, existingCheckpoints, findCheckpointBefore } from '../../journal/agentCheckpoints.js';
import { readAudit } from '../../journal/readAudit.js';
import { agentStepText, historyEntries } from '../../text/historyRows.js';
import { operationWords } from '../../text/operationText.js';
import { agoText } from '../../text/relativeAge.js';
import { askOne } from '../prompts/ask.js';
import { requireAnswer, CommandError, NothingThere } from '../prompts/commandError.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { targetVm } from './targets.js';

/** More than a person reads. */
const mostOffered = 50;

export const agentCommands = {
  /** Goes back to before a step of an agent. */
  'virtRewind.undoAgentStep': undoAgentStep,
} satisfies CommandTable;

type Entry = ReturnType<typeof historyEntries>[number];

async function undoAgentStep(run: CommandRun): Promise<unknown> {
  const { ref, vm } = await targetVm(run, t('Select a VM'));
  const folder = run.history.folder;
  const entries = historyEntries(await readAudit(folder, run.log))
    .filter(({ vm: { uuid }, request }) => uuid === ref.uuid && request['kind'] === 'agent')
    .slice(0, mostOffered);
  if (entries.length === 0) {
    throw new NothingThere(t('No agent has changed {0} from this editor yet.', displayLine(vm.name)), {
      vm: vm.name,
    });
  }
  const tree = await run.engine.readTree(ref);
  const there = existingCheckpoints(await new AgentCheckpoints(folder, run.log).of(ref), tree);
  const snapshotBefore = ({ request: { step, before } }: Entry): Snapshot | undefined => {
    const noted = there.filter(({ name }) => name === before);
    return findSnapshot(tree, findCheckpointBefore(noted, Number(step))?.name ?? '');
  };
  const now = Date.now();
  const lines = entries.map((entry) => {
    const snapshot = snapshotBefore(entry);
    const { did, ended } = agentStepText(entry);
    return {
      label: did,
      description: `${agoText(entry.at, now)} · ${ended}`,
      detail: `→ ${snapshot === undefined ? goneText() : operationWords({ kind: 'revert' } as OperationRequest, snapshot.title)}`,
      ...(snapshot === undefined && { icon: 'circle-slash' }),
      value: snapshot,
    };
  });
  const { value: snapshot } = requireAnswer(
    await askOne(lines, t('Select the agent step to undo'), displayLine(vm.name)),
  );
  if (snapshot === undefined) {
    throw new CommandError('notFound', goneText(), { vm: vm.name });
  }
  const given = { vm: ref.uuid, connection: ref.connection, snapshot: snapshot.name };
  return vscode.commands.executeCommand('virtRewind.revert', given);
}

function goneText(): string {
  return t('The snapshot from before this step no longer exists.');
}

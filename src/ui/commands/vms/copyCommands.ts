// What goes on the clipboard: names, and the commands that would do the same in a terminal.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { Node } from '../../tree/nodes.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { isCalledOnSnapshot, targetSnapshot, targetVm } from '../targets.js';
import type { VmView } from '../../../live/views.js';
import { readSettings } from '../../readSettings.js';
import type { OperationRequest } from '../../../domain/operation.js';
import type { Plan } from '../../../operations/plan.js';
import { virshLine } from '../../../steps/virshCommand.js';
import { titleIn } from '../../../text/operations/operationProgress.js';
import { operationWords } from '../../../text/operations/operationText.js';
import type { CommandArguments, OperationName } from '../../../verbs/arguments.js';
import { argumentsOf } from '../commandArguments.js';
import { CommandError } from '../../prompts/commandError.js';
import { consolidateRequest } from '../snapshots/consolidateCommands.js';
import { pruneRequest } from '../snapshots/deleteCommands.js';
import { styleFor } from '../snapshots/snapshotCommands.js';
import { existingVm, planIn } from '../operate.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { pick } from '../../prompts/pickTarget.js';
import { suggestTitle } from '../../../domain/titleSuggestion.js';

export const copyCommands = {
  'virtRewind.copyName': copyName,
  'virtRewind.copyVirshCommand': copyVirshCommand,
} satisfies CommandTable;

/** Puts the names of VMs and snapshots on the clipboard, one on each line, as libvirt knows them. */
async function copyName(run: CommandRun): Promise<{ readonly name: string }> {
  const name = run.call.kind === 'rows' ? namesOf(run, run.call.rows) : await askForNameToCopy(run);
  await copyText(name);
  return { name };
}

async function copyText(text: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  const [only = '', ...others] = text.split('\n');
  noteInStatusBar(others.length === 0 ? t('Copied {0}', only) : t('Copied {0} lines', others.length + 1));
}

function namesOf(run: CommandRun, rows: readonly Node[]): string {
  return rows.map((row) => nameOf(run, row)).join('\n');
}

function nameOf(run: CommandRun, row: Node): string {
  switch (row.kind) {
    case 'snapshot':
      return row.snapshot;
    case 'vm':
    case 'here':
    case 'automatic':
    case 'member':
      return run.engine.findVm(row.ref)?.vm.name ?? row.ref.uuid;
    case 'connection':
    case 'message':
      return row.connection;
    case 'system':
      return run.systems.known.find(row.system)?.system.name ?? '';
    case 'point':
      return run.systems.known.find(row.system)?.points.find(({ id }) => id === row.point)?.title ?? '';
  }
}

async function askForNameToCopy(run: CommandRun): Promise<string> {
  return isCalledOnSnapshot(run) ? (await targetSnapshot(run)).snapshot.name : (await targetVm(run)).vm.name;
}

const ofVm = [
  'start',
  'shutDown',
  'save',
  'createSnapshot',
  'consolidate',
  'forceOff',
  'pause',
  'resume',
  'restart',
  'prune',
] as const;

type VmOperation = (typeof ofVm)[number];

/** Puts on the clipboard what would do the same in a terminal. */
async function copyVirshCommand(run: CommandRun): Promise<{ readonly command: string }> {
  const given = argumentsOf(run.call);
  const wantsSnapshot = given.operation === undefined ? isCalledOnSnapshot(run) : isOfSnapshot(given.operation);
  const requests = wantsSnapshot ? await snapshotRequests(run, given) : await vmRequests(run, given);
  const command = given.operation === undefined ? await pickCommand(run, requests) : await onlyCommand(run, requests);
  await copyText(command);
  return { command };
}

function isOfSnapshot(name: OperationName): boolean {
  return name === 'revert' || name === 'deleteSnapshot';
}

async function snapshotRequests(run: CommandRun, given: CommandArguments): Promise<readonly OperationRequest[]> {
  const { view, snapshot } = await targetSnapshot(run);
  const about = { vm: view.ref, snapshot: snapshot.name };
  const { operation, scope = 'one', after = readSettings().revertPowerState } = given;
  const revert = { kind: 'revert', ...about, after } as const;
  const remove = { kind: 'delete', ...about, scope } as const;
  return operation === undefined
    ? [revert, remove, { ...remove, scope: 'withDescendants' }]
    : [operation === 'revert' ? revert : remove];
}

async function vmRequests(run: CommandRun, { operation }: CommandArguments): Promise<readonly OperationRequest[]> {
  const view = await targetVm(run);
  // What a prune takes has to be told first, so it is no line of a list.
  const names = ofVm.filter((name) => (operation === undefined ? name !== 'prune' : name === operation));
  return Promise.all(names.map((name) => vmRequest(run, name, view)));
}

async function vmRequest(run: CommandRun, name: VmOperation, view: VmView): Promise<OperationRequest> {
  switch (name) {
    case 'createSnapshot':
      return createRequest(run, view);
    case 'consolidate':
      return consolidateRequest(run, view);
    case 'prune':
      return (await pruneRequest(run, view)).request;
    case 'start':
    case 'shutDown':
    case 'save':
    case 'forceOff':
    case 'pause':
    case 'resume':
    case 'restart':
      return { kind: 'power', vm: view.ref, action: name };
  }
}

async function createRequest(run: CommandRun, view: VmView): Promise<OperationRequest> {
  const { kind = 'auto', title, style, quiesce, description } = argumentsOf(run.call);
  const tree = await run.engine.readTree(view.ref);
  return {
    kind: 'create',
    vm: view.ref,
    snapshotKind: kind,
    title: title ?? suggestTitle(undefined, tree.snapshots, new Date()),
    ...(style === undefined ? styleFor(tree) : { style }),
    ...(quiesce !== undefined && { quiesce }),
    ...(description !== undefined && { description }),
  };
}

/** Offers what can be done now, the usual first. */
async function pickCommand(run: CommandRun, requests: readonly OperationRequest[]): Promise<string> {
  const decided = await run.engine.decide(requests);
  const choices = decided.flatMap(({ decision }) => {
    if (decision.kind === 'refusal') {
      return [];
    }
    const view = existingVm(run, decision.request.vm);
    const value = commandOf(view, decision);
    return [
      {
        label: operationWords(decision.request, titleIn(view, decision.request)),
        detail: value,
        value,
      },
    ];
  });
  const [only, ...others] = choices;
  if (only === undefined) {
    throw new CommandError('refused', t('No virsh command applies to it now.'));
  }
  return others.length === 0 ? only.value : pick(choices, t('Select the command to copy'));
}

async function onlyCommand(run: CommandRun, requests: readonly OperationRequest[]): Promise<string> {
  const decided = await run.engine.decide(requests);
  return decided
    .map((one) => planIn(run, one))
    .map((plan) => commandOf(existingVm(run, plan.request.vm), plan))
    .join('\n');
}

function commandOf(view: VmView, plan: Plan): string {
  return virshLine(plan.steps, view.vm, view.ref.connection);
}

// Undo and Redo, of one VM, of all that was done from here, and of what agents did step by step: what is meant, picked
// from lists, and then an operation like any other.
import { t } from '@vscode/l10n';
import type { LoggedOperation } from '../../../domain/loggedOperation.js';
import { displayLine } from '../../../domain/plainText.js';
import { type UndoableOperation, UndoLook } from '../../../engine/undoLook.js';
import { vmsOnce } from '../../../live/sameDaemon.js';
import type { VmView } from '../../../live/views.js';
import { nothingInLogText, loggedWords, undoLabel, wayText } from '../../../text/operations/loggedText.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import { nothingToUndoText, operationWords } from '../../../text/operations/operationText.js';
import { askOne } from '../../prompts/ask.js';
import { requireAnswer, CommandError, NothingThere } from '../../prompts/commandError.js';
import { vmOfNode } from '../../tree/nodes.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { existingVm } from '../operate.js';
import { revertTo } from './revertTo.js';
import { sessionOf } from '../sessionOf.js';
import { targetVm } from '../targets.js';
import { undoSystemRevert } from '../systems/systemOperations.js';
import { undoingOfRevert } from './undoing.js';
import { undoOne, undoWithLater } from './undoWithLater.js';
import type { OperationRequest } from '../../../domain/operation.js';
import { readAudit } from '../../../journal/readAudit.js';
import type { KnownSystem } from '../../../systems/knownSystems.js';
import { historyEntries, agentStepText } from '../../../text/rows/historyRows.js';
import { agoText } from '../../../text/relativeAge.js';
import { type Choice, mostOffered } from '../../prompts/pickTarget.js';
import * as vscode from 'vscode';
import type { Snapshot } from '../../../domain/snapshot.js';
import { findSnapshot } from '../../../domain/snapshotTree.js';
import { AgentCheckpoints, existingCheckpoints, findCheckpointBefore } from '../../../journal/agentCheckpoints.js';

type Entry = ReturnType<typeof historyEntries>[number];

/** A line for each, the last first. For a step without a snapshot before it, the value is undefined. */
async function agentStepLines(
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
function revertToBeforeStep({ ref, vm }: VmView, snapshot: Snapshot | undefined): Thenable<unknown> {
  if (snapshot === undefined) {
    throw new CommandError('notFound', goneText(), { vm: vm.name });
  }
  const given = { vm: ref.uuid, connection: ref.connection, snapshot: snapshot.name };
  return vscode.commands.executeCommand('virtRewind.revert', given);
}

function goneText(): string {
  return t('The snapshot from before this step no longer exists.');
}

/** How much of the history is read to learn which VMs were changed lately. */
const mostEntries = 200;

/** With an icon where nothing undoes it. */
interface UndoLine extends Choice<(run: CommandRun) => unknown> {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * Each says what it would do, or why nothing undoes it; where only later operations forbid it, they are undone with it.
 * What has been undone is done again by Redo, and stands in that list alone.
 */
function operationLines(look: UndoLook, view: VmView, does: UndoableOperation['does']): readonly UndoLine[] {
  const now = Date.now();
  return look.log
    .filter(({ unasked }) => unasked !== true)
    .map((entry) => look.of(entry))
    .filter((one) => one.does === does && !isUndone(one))
    .slice(-mostOffered)
    .reverse()
    .map((one) => {
      const { entry, way } = one;
      const root = look.root(entry);
      const steps = way.kind === 'refusal' ? look.backTo(entry) : [];
      const isWithLater = steps.length > 1 && steps.every((step) => step.way.kind !== 'refusal');
      const result = isWithLater
        ? steps.length === 2
          ? t('together with 1 later operation')
          : t('together with {0} later operations', steps.length - 1)
        : // The label says what the undo of a revert does.
          root.request.kind === 'revert' && way.kind !== 'refusal'
          ? undefined
          : wayText(view, way);
      return {
        at: entry.at,
        label: undoLabel(does, root, loggedWords(root, view), view),
        description: agoText(entry.at, now),
        ...(result !== undefined && { detail: `→ ${result}` }),
        ...(way.kind === 'refusal' && !isWithLater && { icon: 'circle-slash' }),
        value: (run: CommandRun) =>
          isWithLater ? undoWithLater(run, view, look, entry) : undoOne(run, view, look, one),
      };
    });
}

function isUndone({ way }: UndoableOperation): boolean {
  return way.kind === 'refusal' && way.refusal.reason === 'notUndoable' && way.refusal.facts['why'] === 'undone';
}

/** Those of its operations, and of the steps that agents took on it. */
async function undoLinesOf(run: CommandRun, view: VmView): Promise<readonly UndoLine[]> {
  const look = await UndoLook.at(run.engine, view.ref);
  const steps = await agentStepLines(run, view);
  return [
    ...operationLines(look, existingVm(run, view.ref), 'undo'),
    ...steps.map((line) => ({ ...line, value: () => revertToBeforeStep(view, line.value) })),
  ];
}

async function redoLinesOf({ engine }: CommandRun, view: VmView): Promise<readonly UndoLine[]> {
  return operationLines(await UndoLook.at(engine, view.ref), view, 'redo');
}

/** Lists all VMs and systems, the newest first; without what nothing undoes. */
async function allLines(run: CommandRun, does: UndoableOperation['does']): Promise<readonly UndoLine[]> {
  const entries = historyEntries(await readAudit(run.history.folder, run.log)).slice(0, mostEntries);
  const uuids = new Set(entries.map(({ vm }) => vm.uuid));
  const views = vmsOnce(run.engine.connections).filter(({ ref }) => uuids.has(ref.uuid));
  const ofVms = await Promise.all(
    views.map(async (view) =>
      (await (does === 'undo' ? undoLinesOf(run, view) : redoLinesOf(run, view))).flatMap(
        ({ icon, group: _, description = '', ...line }) =>
          icon === undefined ? [{ ...line, description: `${displayLine(view.vm.name)} · ${description}` }] : [],
      ),
    ),
  );
  await run.systems.known.read();
  const lines = [...ofVms.flat(), ...(does === 'undo' ? run.systems.known.all.flatMap(systemLines) : [])];
  return lines.sort((a, b) => b.at - a.at).slice(0, mostOffered);
}

/** The last revert of a system is undone as a whole. */
function systemLines({ system, points }: KnownSystem): readonly UndoLine[] {
  const point = points.findLast(({ auto }) => auto === 'revert');
  return point === undefined
    ? []
    : [
        {
          at: point.createdAt,
          label: t('Undo Revert'),
          description: `${displayLine(system.name)} · ${agoText(point.createdAt, Date.now())}`,
          value: (run) => undoSystemRevert({ ...run, call: { kind: 'palette', given: { system: system.id } } }),
        },
      ];
}

export const undoCommands = {
  /**
   * Takes back what was done from here: to a VM an operation, those after it too, its last revert, a step of an agent;
   * where none is named, what was done last to any VM or system stands first.
   */
  'virtRewind.undo': { vms: undo, system: undoSystemRevert },
  /** Without a row. */
  'virtRewind.undoLast': undo,
  /** Does again what was undone. */
  'virtRewind.redo': redo,
} satisfies CommandTable;

async function undo(run: CommandRun): Promise<unknown> {
  const { entry: id, last, andLater, vm } = argumentsOf(run.call);
  const isOfVm = run.call.kind === 'rows' ? run.call.rows.some((row) => vmOfNode(row) !== undefined) : vm !== undefined;
  if (!isOfVm && id === undefined && last === undefined) {
    return pickAndUndo(run, await allLines(run, 'undo'));
  }
  const view = await targetVm(run, (one) => last === undefined || one.undo !== undefined);
  if (last === 'revert') {
    return undoLastRevert(run, view);
  }
  if (id === undefined) {
    return pickAndUndo(run, await undoLinesOf(run, view), view);
  }
  const look = await UndoLook.at(run.engine, view.ref);
  const entry = requireEntry(look, view, id);
  return andLater === true ? undoWithLater(run, view, look, entry) : undoOne(run, view, look, look.of(entry));
}

async function redo(run: CommandRun): Promise<unknown> {
  const { entry: id, vm } = argumentsOf(run.call);
  if (vm === undefined && run.call.kind !== 'rows') {
    return pickAndUndo(run, await allLines(run, 'redo'), undefined, 'redo');
  }
  const view = await targetVm(run);
  const look = await UndoLook.at(run.engine, view.ref);
  if (id === undefined) {
    return pickAndUndo(run, operationLines(look, existingVm(run, view.ref), 'redo'), view, 'redo');
  }
  const found = look.redoOf(requireEntry(look, view, id));
  if (found === undefined) {
    throw new CommandError('notFound', nothingInLogText(view.vm.name, 'redo'), { vm: view.vm.name });
  }
  return undoOne(run, view, look, found);
}

/** What a VM was before its last revert, which is not always the last operation. */
async function undoLastRevert(run: CommandRun, view: VmView): Promise<unknown> {
  const undone = await sessionOf(run).findUndoableRevert(view);
  if (undone === undefined) {
    throw new NothingThere(nothingToUndoText(view.vm.name), { vm: view.vm.name });
  }
  const { snapshot, target = snapshot.name, undoes, ...more } = undone;
  return revertTo(run, view, snapshot, {
    ...more,
    id: 'virtRewind.undo',
    undoing: undoingOfRevert(view, target, undoes),
    ...(undone.target !== undefined && { title: titleOf(view, undone.target) }),
  });
}

/** @throws CommandError `notFound` */
function requireEntry(look: UndoLook, { vm }: VmView, id: string): LoggedOperation {
  const entry = look.find(id.toLowerCase());
  if (entry === undefined) {
    const why = t('The log of {0} has no entry {1}.', displayLine(vm.name), displayLine(id));
    throw new CommandError('notFound', why, { vm: vm.name });
  }
  return entry;
}

/** The newest that can be undone stands first: Enter undoes it. @param view absent: of all VMs */
async function pickAndUndo(
  run: CommandRun,
  lines: readonly UndoLine[],
  view?: VmView,
  does: UndoableOperation['does'] = 'undo',
  which = does === 'undo' ? t('Select the operation to undo') : t('Select the operation to redo'),
): Promise<unknown> {
  const isOneOfMany = run.call.kind === 'rows' && view !== undefined && does === 'undo';
  const ofOthers = isOneOfMany && lines.length === 0 ? await allLines(run, 'undo') : [];
  if (ofOthers.length > 0) {
    return pickAndUndo(run, ofOthers, undefined, 'undo', nothingInLogText(view?.vm.name ?? '', does));
  }
  const next = lines.find(({ icon }) => icon === undefined);
  if (lines.length === 0) {
    const details = view === undefined ? {} : { vm: view.vm.name };
    throw new NothingThere(
      view === undefined ? t('There is nothing to undo.') : nothingInLogText(view.vm.name, does),
      details,
    );
  }
  const ordered = next === undefined ? lines : [next, ...lines.filter((line) => line !== next)];
  const others = {
    label: t('Operations on Other VMs…'),
    value: async () => pickAndUndo(run, await allLines(run, 'undo')),
  };
  const title = view === undefined ? run.title : displayLine(view.vm.name);
  return requireAnswer(await askOne(isOneOfMany ? [...ordered, others] : ordered, which, title)).value(run);
}

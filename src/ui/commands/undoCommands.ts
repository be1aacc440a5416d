// Undo and Redo: what of a VM is meant, and then an operation like any other.
import { t } from '@vscode/l10n';
import type { LoggedOperation } from '../../domain/loggedOperation.js';
import { displayLine } from '../../domain/plainText.js';
import { type UndoableOperation, UndoLook } from '../../engine/undoLook.js';
import type { VmView } from '../../live/views.js';
import { loggedWords, nothingInLogText, wayText } from '../../text/loggedText.js';
import { titleOf } from '../../text/operationProgress.js';
import { nothingToUndoText } from '../../text/operationText.js';
import { agoText } from '../../text/relativeAge.js';
import { askOne } from '../prompts/ask.js';
import { requireAnswer, CommandError, NothingThere } from '../prompts/commandError.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { type Choice, mostOffered } from '../prompts/pickTarget.js';
import { agentStepLines, revertToBeforeStep } from './agentSteps.js';
import { argumentsOf } from './commandArguments.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { existingVm, operateConfirmed } from './operate.js';
import { revertTo } from './revertTo.js';
import { sessionOf } from './sessionOf.js';
import { targetVm } from './targets.js';
import { requestOf, requireWay, undoWithLater } from './undoWithLater.js';

export const undoCommands = {
  /** Takes back what was done to a VM: an operation, those after it too, its last revert, a step of an agent. */
  'virtRewind.undo': undo,
  /** Does again what was undone. */
  'virtRewind.redo': redo,
} satisfies CommandTable;

async function undo(run: CommandRun): Promise<unknown> {
  const { entry: id, last, andLater } = argumentsOf(run.call);
  const view = await targetVm(run);
  if (last === 'revert') {
    return undoLastRevert(run, view);
  }
  const look = await UndoLook.at(run.engine, view.ref);
  if (id !== undefined) {
    const entry = requireEntry(look, view, id);
    return andLater === true ? undoWithLater(run, view, look, entry) : undoOne(run, view, look.of(entry));
  }
  const steps = await agentStepLines(run, view);
  const lines = [
    ...operationLines(look, existingVm(run, view.ref), 'undo'),
    ...steps.map((line) => ({ ...line, value: () => revertToBeforeStep(view, line.value) })),
  ];
  return pickAndUndo(run, view, lines, 'undo');
}

async function redo(run: CommandRun): Promise<unknown> {
  const view = await targetVm(run);
  const look = await UndoLook.at(run.engine, view.ref);
  const { entry: id } = argumentsOf(run.call);
  if (id === undefined) {
    return pickAndUndo(run, view, operationLines(look, existingVm(run, view.ref), 'redo'), 'redo');
  }
  const found = look.redoOf(requireEntry(look, view, id));
  if (found === undefined) {
    throw new CommandError('notFound', nothingInLogText(view.vm.name, 'redo'), { vm: view.vm.name });
  }
  return undoOne(run, view, found);
}

/** What a VM was before its last revert, which is not always the last operation. */
async function undoLastRevert(run: CommandRun, view: VmView): Promise<unknown> {
  const undone = await sessionOf(run).findUndoableRevert(view);
  if (undone === undefined) {
    throw new NothingThere(nothingToUndoText(view.vm.name), { vm: view.vm.name });
  }
  const { snapshot, target, ...more } = undone;
  return revertTo(run, view, snapshot, {
    ...more,
    id: 'virtRewind.undo',
    ...(target !== undefined && { title: titleOf(view, target) }),
  });
}

async function undoOne(run: CommandRun, view: VmView, undoable: UndoableOperation): Promise<unknown> {
  const way = requireWay(view, undoable);
  const { entry } = undoable;
  if (way.kind === 'mark') {
    await run.engine.mark(way.request, entry.id);
    noteInStatusBar(t('Undone: {0}', loggedWords(entry, view)));
    return undefined;
  }
  const reverted =
    entry.request.kind === 'revert' ? titleOf(existingVm(run, view.ref), entry.request.snapshot) : undefined;
  // Nobody can pass over the question who did not say which operation is meant.
  return operateConfirmed(run, requestOf(way), 'always', {
    undoes: entry.id,
    ...(reverted !== undefined && { about: { undoes: reverted } }),
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

type UndoLine = Choice<(run: CommandRun) => unknown>;

/**
 * Each says what it would do, or why nothing undoes it; where only later operations forbid it, they are undone with it.
 */
function operationLines(look: UndoLook, view: VmView, does: UndoableOperation['does']): readonly UndoLine[] {
  const now = Date.now();
  return look.log
    .filter(({ unasked }) => unasked !== true)
    .map((entry) => look.of(entry))
    .filter((one) => one.does === does)
    .slice(-mostOffered)
    .reverse()
    .map((one) => {
      const { entry, way } = one;
      const steps = way.kind === 'refusal' ? look.backTo(entry) : [];
      const isWithLater = steps.length > 1 && steps.every((step) => step.way.kind !== 'refusal');
      return {
        label: loggedWords(entry, view),
        description: `${agoText(entry.at, now)} · ${entry.id}`,
        detail: `→ ${isWithLater ? t('together with {0} later operations', steps.length - 1) : wayText(view, way)}`,
        ...(way.kind === 'refusal' && !isWithLater && { icon: 'circle-slash' }),
        value: (run: CommandRun) => (isWithLater ? undoWithLater(run, view, look, entry) : undoOne(run, view, one)),
      };
    });
}

async function pickAndUndo(
  run: CommandRun,
  { vm }: VmView,
  lines: readonly UndoLine[],
  does: UndoableOperation['does'],
): Promise<unknown> {
  if (lines.length === 0) {
    throw new NothingThere(nothingInLogText(vm.name, does), { vm: vm.name });
  }
  const which = does === 'undo' ? t('Select the operation to undo') : t('Select the operation to redo');
  const act = requireAnswer(await askOne(lines, which, displayLine(vm.name))).value;
  return act(run);
}

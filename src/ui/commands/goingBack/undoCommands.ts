// Undo and Redo: what is meant, and then an operation like any other.
import { t } from '@vscode/l10n';
import type { LoggedOperation } from '../../../domain/loggedOperation.js';
import { displayLine } from '../../../domain/plainText.js';
import { type UndoableOperation, UndoLook } from '../../../engine/undoLook.js';
import type { VmView } from '../../../live/views.js';
import { nothingInLogText } from '../../../text/operations/loggedText.js';
import { requestWords, titleOf } from '../../../text/operations/operationProgress.js';
import { nothingToUndoText } from '../../../text/operations/operationText.js';
import { askOne } from '../../prompts/ask.js';
import { requireAnswer, CommandError, NothingThere } from '../../prompts/commandError.js';
import { vmOfNode } from '../../tree/nodes.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { existingVm } from '../operate.js';
import { revertTo } from './revertTo.js';
import { sessionOf } from '../sessionOf.js';
import { targetVm } from '../targets.js';
import { allLines, operationLines, type UndoLine, undoLinesOf } from './undoList.js';
import { undoSystemRevert } from '../systems/systemOperations.js';
import { undoOne } from './undoOne.js';
import { undoWithLater } from './undoWithLater.js';

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
  const words = requestWords(run.engine, { kind: 'revert', vm: view.ref, snapshot: target, after: 'asSnapshot' });
  return revertTo(run, view, snapshot, {
    ...more,
    id: 'virtRewind.undo',
    undoing: { does: 'undo', words, ...(undoes !== undefined && { entry: undoes }) },
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

/** The newest that can be undone stands first, and says so: Enter undoes it. @param view absent: of all VMs */
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
  const label = does === 'undo' ? t('Undo: {0}', next?.label ?? '') : t('Redo: {0}', next?.label ?? '');
  const ordered = next === undefined ? lines : [{ ...next, label }, ...lines.filter((line) => line !== next)];
  const others = {
    label: t('Operations on Other VMs…'),
    value: async () => pickAndUndo(run, await allLines(run, 'undo')),
  };
  const title = view === undefined ? run.title : displayLine(view.vm.name);
  return requireAnswer(await askOne(isOneOfMany ? [...ordered, others] : ordered, which, title)).value(run);
}

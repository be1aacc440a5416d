// Undo and Redo: which operation of a VM's log is meant, and then an operation like any other.
import { t } from '@vscode/l10n';
import { Failure } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { type UndoableOperation, UndoLook } from '../../engine/undoLook.js';
import type { VmView } from '../../live/views.js';
import { loggedWords, nothingInLogText, wayText } from '../../text/loggedText.js';
import { titleOf } from '../../text/operationProgress.js';
import { agoText } from '../../text/relativeAge.js';
import { askOne } from '../prompts/ask.js';
import { requireAnswer, CommandError, NothingThere } from '../prompts/commandError.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { seamlessWish } from '../readSettings.js';
import { argumentsOf } from './commandArguments.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { existingVm, operateConfirmed } from './operate.js';
import { targetVm } from './targets.js';

/** More than a person reads. */
const mostOffered = 50;

export const undoCommands = {
  /** Takes back an operation on a VM: any that nothing later rests on. */
  'virtRewind.undo': (run) => undo(run, 'undo'),
  /** Does again what was undone. */
  'virtRewind.redo': (run) => undo(run, 'redo'),
} satisfies CommandTable;

async function undo(run: CommandRun, does: UndoableOperation['does']): Promise<unknown> {
  const which =
    does === 'undo' ? t('Select the VM whose operation to undo') : t('Select the VM whose operation to redo');
  const view = await targetVm(run, which);
  const { entry, way } = await pickEntry(run, view, does);
  if (way.kind === 'refusal') {
    throw new Failure('refused', { connection: view.ref.connection, vm: view.vm.name, refusal: way.refusal });
  }
  if (way.kind === 'mark') {
    await run.engine.mark(way.request, entry.id);
    noteInStatusBar(t('Undone: {0}', loggedWords(entry, view)));
    return undefined;
  }
  const { request } = way;
  const wanted =
    request.kind === 'revert' && request.checkpointFirst === true ? { ...request, ...seamlessWish() } : request;
  const reverted =
    entry.request.kind === 'revert' ? titleOf(existingVm(run, view.ref), entry.request.snapshot) : undefined;
  // Nobody can pass over the question who did not say which operation is meant.
  return operateConfirmed(run, wanted, 'always', {
    undoes: entry.id,
    ...(reverted !== undefined && { about: { undoes: reverted } }),
  });
}

/** By its id, or from a list that says of each what it would do, or why nothing undoes it. */
async function pickEntry(
  run: CommandRun,
  { ref, vm }: VmView,
  does: UndoableOperation['does'],
): Promise<UndoableOperation> {
  const look = await UndoLook.at(run.engine, ref);
  const id = argumentsOf(run.call).entry;
  if (id !== undefined) {
    const entry = look.find(id.toLowerCase());
    const found = entry && (does === 'undo' ? look.of(entry) : look.redoOf(entry));
    if (found === undefined) {
      const why =
        entry === undefined
          ? t('The log of {0} has no entry {1}.', displayLine(vm.name), displayLine(id))
          : nothingInLogText(vm.name, does);
      throw new CommandError('notFound', why, { vm: vm.name });
    }
    return found;
  }
  const offered = look.log
    .filter(({ unasked }) => unasked !== true)
    .map((entry) => look.of(entry))
    .filter((one) => one.does === does)
    .slice(-mostOffered)
    .reverse();
  if (offered.length === 0) {
    throw new NothingThere(nothingInLogText(vm.name, does), { vm: vm.name });
  }
  const view = existingVm(run, ref);
  const now = Date.now();
  const lines = offered.map((value) => ({
    label: loggedWords(value.entry, view),
    description: `${agoText(value.entry.at, now)} · ${value.entry.id}`,
    detail: `→ ${wayText(view, value.way)}`,
    ...(value.way.kind === 'refusal' && { icon: 'circle-slash' }),
    value,
  }));
  const which = does === 'undo' ? t('Select the operation to undo') : t('Select the operation to redo');
  return requireAnswer(await askOne(lines, which, displayLine(vm.name))).value;
}

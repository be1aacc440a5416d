// The way back to before an operation of a VM's log: looked at as a whole before, then each undone by itself, the last one first.
import { t } from '@vscode/l10n';
import { Failure } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { type UndoableOperation, UndoLook } from '../../engine/undoLook.js';
import type { VmView } from '../../live/views.js';
import { loggedWords, nothingInLogText, wayText } from '../../text/loggedText.js';
import { titleOf } from '../../text/operationProgress.js';
import { agoText } from '../../text/relativeAge.js';
import { askOne } from '../prompts/ask.js';
import { askQuestion } from '../prompts/askQuestion.js';
import { requireAnswer, CommandError, NothingThere } from '../prompts/commandError.js';
import { noteInStatusBar, notify } from '../prompts/notify.js';
import { seamlessWish } from '../readSettings.js';
import { argumentsOf } from './commandArguments.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { mustConfirm } from './consent.js';
import { existingVm, operate } from './operate.js';
import { targetVm } from './targets.js';
import { undoMomentOf } from './cancelMoment.js';

/** More than a person reads. */
const mostOffered = 50;
/** In the question; all are in its details. */
const mostTold = 3;

export const restoreStateCommands = {
  /** Undoes an operation and all after it. */
  'virtRewind.restoreState': restoreState,
} satisfies CommandTable;

async function restoreState(run: CommandRun): Promise<void> {
  const view = await targetVm(run, t('Select a VM'));
  const look = await UndoLook.at(run.engine, view.ref);
  const id = (argumentsOf(run.call).entry ?? (await pickEntry(view, look))).toLowerCase();
  const vm = displayLine(view.vm.name);
  const entry = look.find(id);
  const steps = entry === undefined ? [] : look.backTo(entry);
  if (entry === undefined || steps.length === 0) {
    const why =
      entry === undefined ? t('The log of {0} has no entry {1}.', vm, displayLine(id)) : t('Nothing was changed.');
    throw new CommandError('notFound', why, { vm: view.vm.name });
  }
  // Where one cannot be undone, none is.
  steps.forEach((step) => requireWay(view, step));
  if (mustConfirm(run)) {
    const now = existingVm(run, view.ref);
    const lines = steps.map((step) => `${loggedWords(step.entry, now)} → ${wayText(now, step.way)}`);
    await askQuestion({
      title: t('Return {0} to the state before {1}?', vm, loggedWords(entry, now)),
      lines: [...lines.slice(0, mostTold), ...(lines.length > mostTold ? ['…'] : [])],
      details: lines.join('\n'),
      confirm: t('Restore'),
    });
    const deleted = steps.flatMap(({ way }) =>
      way.kind === 'operation' && way.request.kind === 'delete' ? [titleOf(now, way.request.snapshot)] : [],
    );
    await (deleted.length > 0 ? undoMomentOf(view.vm.name, deleted) : undefined);
  }
  for (const [index, step] of steps.entries()) {
    try {
      await undoFresh(run, view, step);
    } catch (error) {
      void notify('warning', t('Stopped after {0} of {1}. Next: {2}.', index, steps.length, step.entry.id));
      throw error;
    }
  }
  noteInStatusBar(t('Undone: {0}', steps.map((step) => loggedWords(step.entry, view)).join(', ')));
}

/** On what is there by then. */
async function undoFresh(run: CommandRun, view: VmView, { entry }: UndoableOperation): Promise<void> {
  const fresh = await UndoLook.at(run.engine, view.ref);
  const way = requireWay(view, fresh.of(fresh.find(entry.id) ?? entry));
  if (way.kind === 'mark') {
    return run.engine.mark(way.request, entry.id);
  }
  const { request } = way;
  const keeps = request.kind === 'revert' && request.checkpointFirst === true;
  await operate(run, keeps ? { ...request, ...seamlessWish() } : request, { undoes: entry.id, quiet: 'result' });
}

function requireWay(
  { ref, vm }: VmView,
  { way }: UndoableOperation,
): Exclude<UndoableOperation['way'], { kind: 'refusal' }> {
  if (way.kind === 'refusal') {
    throw new Failure('refused', { connection: ref.connection, vm: vm.name, refusal: way.refusal });
  }
  return way;
}

async function pickEntry(view: VmView, look: UndoLook): Promise<string> {
  const now = Date.now();
  const lines = look.log
    .filter(({ unasked }) => unasked !== true)
    .map((entry) => ({ entry, steps: look.backTo(entry) }))
    .slice(-mostOffered)
    .reverse()
    .flatMap(({ entry, steps }) => {
      const refused = steps.find(({ way }) => way.kind === 'refusal');
      const first = refused ?? steps[0];
      return first === undefined
        ? []
        : [
            {
              label: loggedWords(entry, view),
              description: `${agoText(entry.at, now)} · ${entry.id}`,
              detail: `→ ${wayText(view, first.way)}${steps.length > 1 ? ` (${steps.length})` : ''}`,
              ...(refused !== undefined && { icon: 'circle-slash' }),
              value: entry.id,
            },
          ];
    });
  if (lines.length === 0) {
    throw new NothingThere(nothingInLogText(view.vm.name, 'undo'), { vm: view.vm.name });
  }
  return requireAnswer(
    await askOne(lines, t('Select the operation to undo, with all after it'), displayLine(view.vm.name)),
  ).value;
}

// What is done with operations themselves: one that runs is cancelled, one that was interrupted is ended or put aside.
import { t } from '@vscode/l10n';
import { CommandError, NothingThere, requireAnswer } from '../../prompts/commandError.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { requestWords } from '../../../text/operations/operationProgress.js';
import { targetVm } from '../targets.js';
import { argumentsOf } from '../commandArguments.js';
import { askNameOfProtected, mustConfirm, typeNameOfVm } from '../consent.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { endInterrupted, type InterruptedQuestion, isAtItsEnd } from '../../../session/endInterrupted.js';
import { endLeft, type InterruptedEnd, leftOn } from '../../../session/leftWork.js';
import {
  dismissedLines,
  dismissTitle,
  interruptedOperationLines,
  interruptedOperationsText,
} from '../../../text/operations/interruptedOperationText.js';
import { sessionOf } from '../sessionOf.js';
import { askModal, noteInStatusBar, notify } from '../../prompts/notify.js';
import { DisposableStore, toDisposable } from '../../../base/disposable.js';
import { keptFailures } from '../../keptFailures.js';
import { type LiveLine, showLive } from '../../prompts/ask.js';
import { type OperationRow, operationRows } from './operationRows.js';

/** How long something runs is told anew so often. */
const tickMs = 1_000;

const icons = {
  running: 'sync',
  waiting: 'clock',
  refused: 'warning',
  failed: 'error',
  ended: 'dash',
} as const;

type ShownRow = Omit<OperationRow, 'state'> & { readonly state: OperationRow['state'] | 'ended' };

/** Choosing a failure shows its message again. */
async function showOperations({ engine, running, title = '' }: CommandRun): Promise<void> {
  const rowsNow = (): readonly OperationRow[] => operationRows(engine, running.all, keptFailures.all, Date.now());
  let shown: readonly ShownRow[] = rowsNow();
  if (shown.length === 0) {
    throw new NothingThere(t('No operation is running or waiting, and none has failed.'));
  }
  await showLive({
    title,
    placeHolder: t('Select an operation to show its message again'),
    lines: () => {
      const now = rowsNow();
      const places = shown.flatMap((row) => now.find(({ key }) => key === row.key) ?? endedRow(row));
      shown = [...places, ...now.filter(({ key }) => places.every((row) => row.key !== key))];
      return shown.map(lineOf);
    },
    button: () =>
      keptFailures.all.length === 0
        ? undefined
        : { icon: 'clear-all', label: t('Clear'), press: () => keptFailures.remove() },
    onDidChange: (draw) => {
      const store = new DisposableStore();
      [engine, running, keptFailures].forEach((one) => store.add(one.onDidChange(() => draw())));
      const timer = setInterval(draw, tickMs);
      store.add(toDisposable(() => clearInterval(timer)));
      return store;
    },
  });
}

/** It keeps its place until the list is closed; a failure goes when somebody took it out. */
function endedRow({ key, label, failure }: ShownRow): readonly ShownRow[] {
  return failure === undefined ? [{ key, label, state: 'ended', detail: t('ended') }] : [];
}

function lineOf({ key, state, label, description, detail, cancel, failure }: ShownRow): LiveLine {
  return {
    value: key,
    icon: icons[state],
    label,
    ...(description !== undefined && { description }),
    detail,
    choose: failure?.show,
    button:
      failure !== undefined
        ? { icon: 'close', label: t('Remove'), press: () => keptFailures.remove(failure) }
        : cancel && { icon: 'debug-stop', label: t('Cancel'), press: () => void cancel() },
  };
}

export const operationCommands = {
  'virtRewind.finishUnfinished': finishUnfinished,
  'virtRewind.cancelOperation': cancelOperation,
  'virtRewind.showOperations': showOperations,
} satisfies CommandTable;

/**
 * Cancels what this window does with a VM, where libvirt can cancel it, and what waits. Resolves when the wish is on
 * its way; the operation itself tells how it ended.
 */
async function cancelOperation(run: CommandRun): Promise<void> {
  const view = await targetVm(run, ({ ref }) => run.running.has(ref));
  const { operation } = view;
  if (!run.running.has(view.ref)) {
    throw new CommandError(
      'notFound',
      operation === undefined
        ? t('No operation is running on {0}.', view.vm.name)
        : t(
            '{0}: another process runs this operation. You cannot cancel it here.',
            requestWords(run.engine, operation.request),
          ),
      { vm: view.vm.name },
    );
  }
  const stays = operation === undefined || operation.progress.cancellable ? undefined : operation.request;
  if (run.running.cancel(view.ref, stays) === 0 && stays !== undefined) {
    throw new CommandError(
      'unsupported',
      t('{0}: libvirt cannot cancel this operation. It runs to its end.', requestWords(run.engine, stays)),
      { vm: view.vm.name },
    );
  }
}

/**
 * What had broken off on a VM, and was left to a person, is brought to its end, after a look at what that would do; or
 * it stays as it is, and others may be begun again.
 */
async function finishUnfinished(run: CommandRun): Promise<{ readonly outcomes: readonly string[] }> {
  const view = await targetVm(run);
  const { vm } = view;
  const isDismissed = argumentsOf(run.call).dismiss === true;
  const how = isDismissed ? 'dismiss' : 'finish';
  const session = sessionOf(run);
  const { readers } = await run.wings();
  const ended = await endLeft(leftOn(readers, session, view.ref.uuid, run.log), how, {
    agree: async ({ lines: [question = '', ...details], confirm, typed }) => {
      requireAnswer(!mustConfirm(run) || (await askModal('warning', question, details.join('\n'), confirm)));
      await (typed !== undefined && typeNameOfVm(view, confirm, question));
    },
    tell: (line) => void notify('info', line),
  });
  const { end, outcomes } = await endInterrupted(session, view, async (question) => {
    if (isDismissed || (!question.mayFinish && run.call.kind !== 'program')) {
      await askToDismiss(run, question);
      return 'dismiss';
    }
    return question.mayFinish ? ask(run, question) : 'finish';
  });
  if (end === 'nothing' && !isDismissed && ended.length === 0) {
    throw new NothingThere(t('{0} has no interrupted operation.', vm.name), { vm: vm.name });
  }
  if (outcomes.every(isAtItsEnd)) {
    noteInStatusBar(t('You can start new operations on {0} again.', vm.name));
  }
  return { outcomes };
}

async function ask(run: CommandRun, question: InterruptedQuestion): Promise<InterruptedEnd> {
  const { view, unfinished } = question;
  const now = Date.now();
  const dismiss = t('Mark as Resolved');
  const button = mustConfirm(run)
    ? await askQuestion(
        {
          title: t('Finish the interrupted operation on {0}?', view.vm.name),
          lines: interruptedOperationLines(unfinished, view, now),
          details: interruptedOperationsText(unfinished, view, now),
          confirm: t('Finish'),
        },
        dismiss,
      )
    : '';
  if (button === dismiss) {
    await askToDismiss(run, question);
    return 'dismiss';
  }
  for (const { recovery, request } of question.needsName ? unfinished : []) {
    if (recovery.kind === 'steps') {
      await askNameOfProtected(run, view, request, { ...recovery.plan, losses: [], warnings: [] });
    }
  }
  return 'finish';
}

async function askToDismiss(run: CommandRun, { view, unfinished }: InterruptedQuestion): Promise<void> {
  if (mustConfirm(run)) {
    const now = Date.now();
    await askQuestion({
      title: dismissTitle(view.vm.name),
      lines: dismissedLines(unfinished, view, now),
      details: interruptedOperationsText(unfinished, view, now),
      confirm: t('Mark as Resolved'),
    });
  }
}

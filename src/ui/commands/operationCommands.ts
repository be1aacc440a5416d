// What is done with operations themselves: one that runs is cancelled, one that was interrupted is ended or put aside.
import { t } from '@vscode/l10n';
import { CommandError, NothingThere } from '../prompts/commandError.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { requestWords } from '../../text/operationProgress.js';
import { targetVm } from './targets.js';
import { argumentsOf } from './commandArguments.js';
import { mustConfirm, askNameOfProtected } from './consent.js';
import { askQuestion } from '../prompts/askQuestion.js';
import type { VmView } from '../../live/views.js';
import type { AgreedRecovery, InterruptedPreview } from '../../operations/interrupted.js';
import type { RecoveryReport } from '../../domain/recoveryReport.js';
import { interruptedOperationLines, interruptedOperationText } from '../../text/interruptedOperationText.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { showOperations } from './operationList.js';

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
  const { ref, vm } = view;
  if (argumentsOf(run.call).dismiss === true) {
    return dismissUnfinished(run, view);
  }
  const unfinished = await run.engine.readInterrupted(ref);
  const agreed = unfinished.flatMap(agreeable);
  if (unfinished.length === 0) {
    throw new NothingThere(t('{0} has no interrupted operation.', vm.name), { vm: vm.name });
  }
  if (agreed.length === 0 && run.call.kind === 'program') {
    const [text] = unfinished.map((one) => interruptedOperationText(one, view, Date.now()));
    throw new CommandError('refused', text ?? '', { vm: vm.name });
  }
  if (agreed.length === 0 || (await ask(run, view, unfinished)) === 'dismiss') {
    return dismissUnfinished(run, view, unfinished);
  }
  const outcomes = await run.engine.finishInterrupted(ref, agreed);
  if (outcomes.every(isAtItsEnd)) {
    noteInStatusBar(t('You can start new operations on {0} again.', vm.name));
  }
  return { outcomes };
}

/** What only a person's own hand leads out of is not among them. */
function agreeable({ id, recovery }: InterruptedPreview): readonly AgreedRecovery[] {
  return recovery.kind === 'explain' ? [] : [{ id, steps: recovery.kind === 'steps' ? recovery.plan.steps : [] }];
}

function isAtItsEnd(outcome: RecoveryReport['outcome']): boolean {
  return outcome !== 'explained' && outcome !== 'failed';
}

async function ask(
  run: CommandRun,
  view: VmView,
  unfinished: readonly InterruptedPreview[],
): Promise<'finish' | 'dismiss'> {
  const now = Date.now();
  const dismiss = t('Mark as Resolved');
  const button = mustConfirm(run)
    ? await askQuestion(
        {
          title: t('Finish the interrupted operation on {0}?', view.vm.name),
          lines: interruptedOperationLines(unfinished, view, now),
          details: detailsOf(unfinished, view, now),
          confirm: t('Finish'),
        },
        dismiss,
      )
    : '';
  if (button === dismiss) {
    return 'dismiss';
  }
  for (const { recovery, request } of unfinished) {
    if (recovery.kind === 'steps') {
      await askNameOfProtected(run, view, request, { ...recovery.plan, losses: [], warnings: [] });
    }
  }
  return 'finish';
}

function detailsOf(unfinished: readonly InterruptedPreview[], view: VmView, now: number): string {
  return unfinished.map((one) => interruptedOperationText(one, view, now)).join('\n\n');
}

/** @param unfinished what the question tells of */
async function dismissUnfinished(
  run: CommandRun,
  view: VmView,
  unfinished: readonly InterruptedPreview[] = [],
): Promise<{ readonly outcomes: readonly string[] }> {
  const { ref, vm } = view;
  if (mustConfirm(run)) {
    const now = Date.now();
    await askQuestion({
      title: t('Mark the interrupted operation on {0} as resolved?', vm.name),
      lines: [
        ...interruptedOperationLines(unfinished, view, now).slice(0, 2),
        t('Virt Rewind will not finish that operation. If you are not sure, diagnose {0} first.', vm.name),
      ],
      details: detailsOf(unfinished, view, now),
      confirm: t('Mark as Resolved'),
    });
  }
  await run.engine.dismissInterrupted(ref);
  noteInStatusBar(t('You can start new operations on {0} again.', vm.name));
  return { outcomes: [] };
}

// virtRewind.finishUnfinished: what had broken off on a VM, and was left to a person, is brought to its end, after a look at what
// that would do.
import * as vscode from 'vscode';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { mustConfirm } from './mustConfirm.js';
import { confirmModal } from './operate.js';
import { targetVm } from './targets.js';
import { askNameOfProtected } from './typedName.js';
import type { VmView } from '../../inventory/views.js';
import type { AgreedRecovery, UnfinishedOperation } from '../../operations/interrupted.js';
import type { RecoveryReport } from '../../domain/recoveryReport.js';
import { unfinishedText } from '../../text/unfinishedText.js';
import { noteInStatusBar } from '../prompts/notify.js';

const t = vscode.l10n.t;

export async function finishUnfinished(run: CommandRun): Promise<{ readonly outcomes: readonly string[] }> {
  const view = await targetVm(run, t('Finish what was interrupted on which VM?'));
  const { ref, vm } = view;
  const unfinished = await run.inventory.readUnfinished(ref);
  const agreed = unfinished.flatMap(agreeable);
  if (unfinished.length === 0) {
    throw new CommandError('notFound', t('Nothing is unfinished on {0}.', vm.name), { vm: vm.name });
  }
  if (agreed.length === 0) {
    const [text] = unfinished.map((one) => unfinishedText(one, view, Date.now() / 1_000, t));
    throw new CommandError('refused', text ?? '', { vm: vm.name });
  }
  await ask(run, view, unfinished);
  const outcomes = await run.inventory.finishUnfinished(ref, agreed);
  if (outcomes.every(isAtItsEnd)) {
    noteInStatusBar(t('New operations can be begun on {0} again.', vm.name));
  }
  return { outcomes };
}

/** What only a person's own hand leads out of is not among them. */
function agreeable({ id, recovery }: UnfinishedOperation): readonly AgreedRecovery[] {
  return recovery.kind === 'explain' ? [] : [{ id, steps: recovery.kind === 'steps' ? recovery.plan.steps : [] }];
}

function isAtItsEnd(outcome: RecoveryReport['outcome']): boolean {
  return outcome !== 'explained' && outcome !== 'failed';
}

async function ask(run: CommandRun, view: VmView, unfinished: readonly UnfinishedOperation[]): Promise<void> {
  for (const { recovery, request } of unfinished) {
    if (recovery.kind === 'steps') {
      await askNameOfProtected(run, view, request, recovery.plan);
    }
  }
  if (mustConfirm(run)) {
    const now = Date.now() / 1_000;
    await confirmModal(
      t('Finish what was interrupted on {0}?', view.vm.name),
      unfinished.map((one) => unfinishedText(one, view, now, t)).join('\n\n'),
      [t('Finish')],
    );
  }
}

// virtRewind.examine: a report on what works with a VM's snapshots here and what is wrong with them; changes nothing.
import * as vscode from 'vscode';
import type { VmView } from '../inventory/views.js';
import { asFailure } from '../inventory/asFailure.js';
import { examinationText } from '../texts/examinationText.js';
import { failureText } from '../texts/failureText.js';
import { markdownText } from '../texts/markdown.js';
import { connectionOfNode, vmOfNode } from '../views/nodes.js';
import type { CommandRun } from '../dialogue/commandServices.js';
import { notify } from '../views/notify.js';
import { showFailure } from '../dialogue/runCommand.js';
import { targetVms } from '../dialogue/targets.js';

const t = vscode.l10n.t;

export async function examine(run: CommandRun): Promise<void> {
  const views = await examinedVms(run);
  const parts: string[] = [];
  let repairs = 0;
  for (const view of views) {
    try {
      const examination = await run.inventory.examine(view.ref);
      repairs += examination.diagnoses.filter((one) => one.repair?.decision.type === 'plan').length;
      parts.push(examinationText(examination, run.inventory.findVm(view.ref) ?? view, t));
    } catch (error) {
      if (views.length === 1) {
        throw error;
      }
      const { sentence, nextStep } = failureText(asFailure(error), t);
      parts.push(`# ${markdownText(view.vm.name)}\n\n${markdownText(`${sentence} ${nextStep}`)}`);
    }
  }
  const [only, ...others] = views;
  const name = only !== undefined && others.length === 0 ? t('Doctor: {0}', only.vm.name) : t('Doctor');
  await run.reports.open(name, parts.join('\n\n'));
  if (repairs > 0 && only !== undefined && others.length === 0) {
    offerRepair(run, only, repairs);
  }
}

/** A connection's row stands for all its VMs. */
async function examinedVms(run: CommandRun): Promise<readonly VmView[]> {
  if (run.call.by === 'rows' && run.call.rows.every((row) => vmOfNode(row) === undefined)) {
    const uris = new Set(run.call.rows.map((row) => connectionOfNode(row)));
    const connected = await Promise.all([...uris].map((uri) => run.inventory.connect(uri)));
    return connected.flatMap(({ vms }) => vms);
  }
  return targetVms(run, t('Examine which VM?'));
}

function offerRepair(run: CommandRun, { ref, vm }: VmView, count: number): void {
  const button = t('Repair…');
  void notify('warning', t('{0} of the things that are wrong with {1} can be mended here.', count, vm.name), button)
    .then((pressed) =>
      pressed === button
        ? vscode.commands.executeCommand('virtRewind.repair', { vm: ref.uuid, connection: ref.connection })
        : undefined,
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.examine', reason));
}

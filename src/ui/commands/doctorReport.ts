// The doctor's report on one VM or on several, and the offer to mend what it found. Changes nothing.
import * as vscode from 'vscode';
import { asFailure } from '../../domain/asFailure.js';
import type { VmView } from '../../inventory/views.js';
import { examinationText } from '../../text/examinationText.js';
import { failureText } from '../../text/failureText.js';
import { markdownText } from '../../text/markdown.js';
import { notify } from '../prompts/notify.js';
import type { CommandRun } from './commandServices.js';
import { showFailure } from './runCommand.js';

const t = vscode.l10n.t;

interface DoctorReport {
  readonly text: string;
  /** What is wrong and can be mended now. */
  readonly repairs: number;
}

/** @throws Failure when it is one VM that cannot be examined; of several, that one's part says why */
export async function openDoctorReport(run: CommandRun, views: readonly VmView[]): Promise<void> {
  const { text, repairs } = await examined(run, views);
  await run.reports.open(reportName(views), text, async () => (await examined(run, views)).text);
  const [only, ...others] = views;
  if (repairs > 0 && only !== undefined && others.length === 0) {
    offerRepair(run, only, repairs);
  }
}

/** After something was mended on the VM: reports that were opened shall not tell of it any more. Never rejects. */
export async function renewDoctorReports({ reports, log }: CommandRun, view: VmView): Promise<void> {
  for (const name of [reportName([view]), reportName([])]) {
    try {
      await reports.renew(name);
    } catch (error) {
      log.warn(`${name} tells of an earlier state: ${asFailure(error).message}`);
    }
  }
}

function reportName([only, ...others]: readonly VmView[]): string {
  return only !== undefined && others.length === 0 ? t('Doctor: {0}', only.vm.name) : t('Doctor');
}

async function examined({ inventory }: CommandRun, views: readonly VmView[]): Promise<DoctorReport> {
  const parts: string[] = [];
  let repairs = 0;
  for (const view of views) {
    try {
      const examination = await inventory.examine(view.ref);
      repairs += examination.diagnoses.filter((one) => one.repair?.decision.kind === 'plan').length;
      parts.push(examinationText(examination, inventory.findVm(view.ref) ?? view, t));
    } catch (error) {
      if (views.length === 1) {
        throw error;
      }
      const { sentence, nextStep } = failureText(asFailure(error), t);
      parts.push(`# ${markdownText(view.vm.name)}\n\n${markdownText(`${sentence} ${nextStep}`)}`);
    }
  }
  return { text: parts.join('\n\n'), repairs };
}

function offerRepair(run: CommandRun, { ref, vm }: VmView, count: number): void {
  const button = t('Repair…');
  void notify(
    'warning',
    t('{0} of the things that the doctor found on {1} can be mended here.', count, vm.name),
    button,
  )
    .then((pressed) =>
      pressed === button
        ? vscode.commands.executeCommand('virtRewind.repair', { vm: ref.uuid, connection: ref.connection })
        : undefined,
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.examine', reason));
}

// virtRewind.repair: the doctor's repairs of a VM, each shown as a plan before it is done.
import * as vscode from 'vscode';
import type { OperationResult } from '../../domain/operation.js';
import { findingText } from '../../text/examinationText.js';
import { refusalText } from '../../text/refusalText.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { renewDoctorReports } from './doctorReport.js';
import { operateConfirmed, refusedFailure } from './operate.js';
import { type Choice, pick } from '../prompts/pickTarget.js';
import { targetVm } from './targets.js';

const t = vscode.l10n.t;

export async function repair(run: CommandRun): Promise<OperationResult> {
  const view = await targetVm(run, t('Repair which VM?'));
  const { diagnoses } = await run.inventory.examine(view.ref);
  const mendable = diagnoses.flatMap(({ finding, repair: repairSteps }) =>
    repairSteps === undefined ? [] : [{ finding, ...repairSteps }],
  );
  if (mendable.length === 0) {
    throw new CommandError(
      'notFound',
      diagnoses.length === 0
        ? t('Nothing is wrong with the snapshots of {0}.', view.vm.name)
        : t('Nothing that is wrong with {0} can be mended from here; the doctor says what each is.', view.vm.name),
      { vm: view.vm.name },
    );
  }
  const choices = mendable.map((one): Choice<(typeof mendable)[number]> => {
    const label = findingText(one.finding, view, t).what;
    return one.decision.kind === 'plan'
      ? { label, value: one }
      : {
          icon: 'circle-slash',
          label,
          description: t('not possible now'),
          detail: refusalText(one.decision.refusal, t).reason,
          value: one,
        };
  });
  const [only, ...others] = mendable;
  const { repair: wanted, decision } =
    only !== undefined && others.length === 0
      ? only
      : await pick(choices, t('What shall be mended on {0}?', view.vm.name));
  const request = { kind: 'repair', vm: view.ref, repair: wanted } as const;
  if (decision.kind === 'refusal') {
    throw refusedFailure(run, request, [decision.refusal]);
  }
  const result = await operateConfirmed(run, request);
  void renewDoctorReports(run, view);
  return result;
}

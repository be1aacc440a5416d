// What is wrong with a VM's snapshots and files, and what can be done with it here. Changes nothing.
import { severityOf } from '../../diagnosis/problemTable.js';
import type { Problem } from '../../diagnosis/problem.js';
import { type Examination, plannedRepairs } from '../../diagnosis/examination.js';
import type { VmRef } from '../../domain/vm.js';
import type { VmView } from '../../live/views.js';
import { examinationText } from '../../text/examinationText.js';
import { problemText } from '../../text/problemText.js';
import { refusalText } from '../../text/refusalText.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import { healthOnce } from '../healthOnce.js';
import { plainReport } from '../plainReport.js';

export async function doctor(context: Context): Promise<ExitName> {
  const { call, session, terminal, json } = context;
  const found = await session.vm(call.operands[0] ?? '');
  const examination = await examineOnce(context, found.ref);
  const { diagnoses, abilities } = examination;
  const view = session.view(found);
  const now = Date.now();
  const unread = (await session.doubts()).filter(({ reason }) => reason === 'settingsUnreadable');
  if (json === undefined) {
    terminal.say(plainReport(examinationText(examination, view, now), terminal));
  } else {
    json({
      vm: session.infoOf(view),
      problems: [
        ...unread.map((doubt) => {
          const { reason, nextStep } = refusalText(doubt);
          return { kind: doubt.reason, severity: 'error', what: reason, means: '', todo: nextStep, repairable: false };
        }),
        ...diagnoses.map((diagnosis) => ({
          ...problemJson(diagnosis.problem, view, now),
          repairable: plannedRepairs(diagnosis).some(({ decision }) => decision.kind === 'plan'),
        })),
      ],
      abilities: abilities.map(({ kind, can, why }) => ({
        kind,
        can,
        ...(why !== undefined && { reason: why.reason, message: refusalText(why).reason }),
      })),
    });
  }
  const isWrong = unread.length > 0 || diagnoses.some(({ problem }) => severityOf(problem) !== 'note');
  return isWrong ? 'wrong' : 'done';
}

async function examineOnce(context: Context, ref: VmRef): Promise<Examination> {
  const health = healthOnce(context);
  try {
    return await health.examine(ref);
  } finally {
    health.dispose();
  }
}

export function problemJson(problem: Problem, view: Pick<VmView, 'vm' | 'tree'>, now: number): object {
  const { what, means, todo } = problemText(problem, view, now);
  return { kind: problem.kind, severity: severityOf(problem), what, means, todo };
}

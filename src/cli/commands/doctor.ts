// What is wrong with a VM's snapshots and files, and what can be done with it here; and what repairs it.
import { severityOf } from '../../diagnosis/problemTable.js';
import type { Examination } from '../../diagnosis/examination.js';
import type { VmRef } from '../../domain/vm.js';
import { repairRequest } from '../../session/repairRequest.js';
import { problemInfos } from '../../text/problems/problemInfos.js';
import { problemReportText } from '../../text/problems/problemReport.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import { carryOut } from '../carryOut.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import { healthOnce } from '../healthOnce.js';
import { plainReport } from '../plainReport.js';
import type { Answers } from '../answers.js';

export async function doctor(context: Context): Promise<CommandAnswer> {
  const { call, session, terminal } = context;
  const found = await session.vm(call.operands[0] ?? '');
  const wanted = call.texts['repair'];
  if (wanted !== undefined) {
    return carryOut(context, found, await repairRequest(session, found, wanted));
  }
  const { diagnoses, abilities } = await examineOnce(context, found.ref);
  const view = session.view(found);
  const now = Date.now();
  const unread = (await session.doubts()).filter(({ reason }) => reason === 'settingsUnreadable');
  const isWrong = unread.length > 0 || diagnoses.some(({ problem }) => severityOf(problem) !== 'note');
  const checked = { view, diagnoses, abilities, unjudged: [], snoozed: 0 };
  return {
    answer: {
      vm: session.infoOf(view),
      problems: [
        ...unread.map((doubt) => {
          const { reason, nextStep } = refusalText(doubt);
          return {
            kind: doubt.reason,
            severity: 'error' as const,
            what: reason,
            means: '',
            todo: nextStep,
            repairable: false,
          };
        }),
        ...problemInfos(diagnoses, view, now).map((one) => ({
          ...one,
          repairable: one.repairs.some(({ reason }) => reason === undefined),
        })),
      ],
      abilities: abilities.map(({ kind, can, why }) => ({
        kind,
        can,
        ...(why !== undefined && { reason: why.reason, message: refusalText(why).reason }),
      })),
    } satisfies Answers['doctor'],
    text: plainReport(problemReportText([checked], [], now), terminal),
    exit: isWrong ? 'wrong' : 'done',
  };
}

async function examineOnce(context: Context, ref: VmRef): Promise<Examination> {
  const health = healthOnce(context);
  try {
    return await health.examine(ref);
  } finally {
    health.dispose();
  }
}

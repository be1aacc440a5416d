// What is wrong with the chains, snapshots and space of VMs, or soon will be. Changes nothing.
import { severityOf } from '../../diagnosis/problemTable.js';
import { checkVm } from '../../health/checkVm.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { type CheckedVm, problemReportText } from '../../text/problems/problemReport.js';
import type { Context } from '../context.js';
import { exitOfFailure } from '../exitCodes.js';
import type { CommandAnswer } from '../printed.js';
import { healthOnce } from '../healthOnce.js';
import { plainReport } from '../plainReport.js';
import { problemInfo } from '../../text/problems/problemInfos.js';
import type { ReachedVms } from '../../session/session.js';
import { unreachableJson, unreachableLines } from './list.js';
import type { Answers } from '../answers.js';

export async function health(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [name] = call.operands;
  return healthOf(
    context,
    name === undefined ? await session.reachAll() : { views: [await session.vm(name)], unreachable: [] },
  );
}

export async function healthOf(context: Context, reached: ReachedVms): Promise<CommandAnswer> {
  const { session, terminal, interruption } = context;
  const { engine } = session;
  const watch = healthOnce(context);
  const checked: CheckedVm[] = [];
  try {
    for (const uri of new Set(reached.views.map(({ ref }) => ref.connection))) {
      await watch.sweepNow(uri);
    }
    for (const { ref, vm } of reached.views) {
      interruption.signal.throwIfAborted();
      terminal.progress(vm.name);
      const one = await checkVm(watch, engine, ref);
      checked.push(...(one === undefined ? [] : [one]));
    }
  } finally {
    watch.dispose();
  }
  const now = Date.now();
  const [failure] = checked.flatMap((one) => one.failure ?? []);
  const isWrong = checked.some(({ diagnoses }) => diagnoses.some(({ problem }) => severityOf(problem) !== 'note'));
  // What works is the doctor's to say: here it would be folded.
  const brief = checked.map(({ abilities: _, ...one }) => one);
  const unreached = unreachableLines(reached, context);
  return {
    answer: {
      vms: checked.map(({ view, diagnoses, unjudged, failure }) => ({
        vm: session.infoOf(view),
        problems: diagnoses.map(({ problem }) => problemInfo(problem, view, now)),
        unknown: [...new Set(unjudged)],
        ...(failure !== undefined && { failure: failureMessage(failure) }),
      })),
      unreachable: unreachableJson(reached),
    } satisfies Answers['health'],
    text: plainReport(problemReportText(brief, unreached, now, engine.connections), terminal),
    exit: isWrong ? 'wrong' : failure === undefined ? 'done' : exitOfFailure(failure.kind),
  };
}

// What is wrong with the chains, snapshots and space of VMs, or soon will be. Changes nothing.
import { severityOf } from '../../diagnosis/problemTable.js';
import { labelIn } from '../../text/connectionLabel.js';
import { checkVm } from '../../health/checkVm.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { failureText } from '../../text/failures/failureText.js';
import { type CheckedVm, problemReportText } from '../../text/problems/problemReport.js';
import type { Context } from '../context.js';
import { type ExitName, exitOfFailure } from '../exitCodes.js';
import { healthOnce } from '../healthOnce.js';
import { plainReport } from '../plainReport.js';
import { problemInfo } from '../../text/problems/problemInfos.js';
import type { ReachedVms } from '../../session/session.js';
import { unreachableJson } from './list.js';
import type { Answers } from '../answers.js';

export async function health(context: Context): Promise<ExitName> {
  const { call, session } = context;
  const [name] = call.operands;
  return healthOf(
    context,
    name === undefined ? await session.reachAll() : { views: [await session.vm(name)], unreachable: [] },
  );
}

export async function healthOf(context: Context, reached: ReachedVms): Promise<ExitName> {
  const { session, terminal, json, interruption } = context;
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
  if (json === undefined) {
    const unreached = reached.unreachable.map(
      ({ uri, failure }) => `${labelIn(session.engine.connections, uri)}: ${failureText(failure).sentence}`,
    );
    // What works is the doctor's to say: here it would be folded.
    const brief = checked.map(({ abilities: _, ...one }) => one);
    terminal.say(plainReport(problemReportText(brief, unreached, now, engine.connections), terminal));
  } else {
    json({
      vms: checked.map(({ view, diagnoses, unjudged, failure }) => ({
        vm: session.infoOf(view),
        problems: diagnoses.map(({ problem }) => problemInfo(problem, view, now)),
        unknown: [...new Set(unjudged)],
        ...(failure !== undefined && { failure: failureMessage(failure) }),
      })),
      unreachable: unreachableJson(reached),
    } satisfies Answers['health']);
  }
  const [failure] = checked.flatMap((one) => one.failure ?? []);
  return checked.some(({ diagnoses }) => diagnoses.some(({ problem }) => severityOf(problem) !== 'note'))
    ? 'wrong'
    : failure === undefined
      ? 'done'
      : exitOfFailure(failure.kind);
}

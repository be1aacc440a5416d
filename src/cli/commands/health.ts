// What is wrong with the chains, snapshots and space of VMs, or soon will be. Changes nothing.
import { asFailure } from '../../domain/asFailure.js';
import { severityOf } from '../../diagnosis/problemTable.js';
import { labelIn } from '../../text/connectionLabel.js';
import type { Failure } from '../../domain/failure.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { failureText } from '../../text/failures/failureText.js';
import { type CheckedVm, healthReportText } from '../../text/problems/healthReportText.js';
import type { Context } from '../context.js';
import { type ExitName, exitOfFailure } from '../exitCodes.js';
import { healthOnce } from '../healthOnce.js';
import { plainReport } from '../plainReport.js';
import { problemInfo } from '../../text/problems/examinationText.js';
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
  let firstFailure: Failure | undefined;
  try {
    for (const uri of new Set(reached.views.map(({ ref }) => ref.connection))) {
      await watch.sweepNow(uri);
    }
    for (const { ref, vm } of reached.views) {
      interruption.signal.throwIfAborted();
      terminal.progress(vm.name);
      const failure = await watch.examine(ref).then(
        () => undefined,
        (error: unknown) => asFailure(error),
      );
      const view = engine.findVm(ref);
      const judged = watch.healthOf(ref);
      if (view !== undefined && judged !== undefined) {
        checked.push({ view, health: judged, snoozed: 0, ...(failure && { failure: failureMessage(failure) }) });
      }
      firstFailure ??= failure;
    }
  } finally {
    watch.dispose();
  }
  const now = Date.now();
  if (json === undefined) {
    const unreached = reached.unreachable.map(
      ({ uri, failure }) => `${labelIn(session.engine.connections, uri)}: ${failureText(failure).sentence}`,
    );
    terminal.say(plainReport(healthReportText(checked, unreached, now, engine.connections), terminal));
  } else {
    json({
      vms: checked.map(({ view, health: { found, unjudged }, failure }) => ({
        vm: session.infoOf(view),
        problems: found.map((problem) => problemInfo(problem, view, now)),
        unknown: [...new Set(unjudged)],
        ...(failure !== undefined && { failure }),
      })),
      unreachable: unreachableJson(reached),
    } satisfies Answers['health']);
  }
  return checked.some(({ health: { found } }) => found.some((problem) => severityOf(problem) !== 'note'))
    ? 'wrong'
    : firstFailure === undefined
      ? 'done'
      : exitOfFailure(firstFailure.kind);
}

// What the history and the answer say of a step of an agent, which is one call of a tool that changes a VM, also where
// it fails half way.
import { asFailure } from '../domain/asFailure.js';
import { untrustedLine } from './guestText.js';
import { ToolRefusal, toolError } from './refusal.js';
import { releaseReservation, type StepReport } from './stepCheckpoints.js';
import type { Step } from './stepPlans.js';

const longestWhat = 300;

/** In the history, whatever becomes of it; not what was refused before it began, which would flood it. */
export async function logStep(
  step: Step,
  tool: string,
  what: string,
  act: (report: StepReport) => Promise<Readonly<Record<string, unknown>>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { work, view } = step;
  const { session, tools } = work;
  const report: StepReport = { before: undefined, number: step.number };
  const begunAt = performance.now();
  const logOutcome = async (outcome: 'done' | 'failed', failure?: string): Promise<void> => {
    const { before, number } = report;
    await tools.audit(session).note({
      connection: view.ref.connection,
      vm: { uuid: view.ref.uuid, name: view.vm.name },
      request: {
        kind: 'agent',
        agent: tools.agent,
        tool,
        step: number,
        what: untrustedLine(what, longestWhat),
        ...(before !== undefined && { before }),
      },
      outcome,
      durationMs: Math.round(performance.now() - begunAt),
      ...(failure !== undefined && { failure }),
    });
  };
  try {
    const answer = await act(report);
    await logOutcome('done');
    const { before, number } = report;
    return {
      vm: view.vm.name,
      step: number,
      ...answer,
      ...(before !== undefined && { before }),
      ...(tool === 'checkpoint_vm' ? {} : { to_go_back: `revert_vm with before_step ${number}` }),
    };
  } catch (error) {
    await releaseReservation(step, report);
    if (report.before !== undefined || !(error instanceof ToolRefusal || asFailure(error).kind === 'refused')) {
      await logOutcome('failed', toolError(error).message);
    }
    throw withWayBack(error, report);
  }
}

/** A model must know that there is a way back from what failed half way. */
function withWayBack(error: unknown, { before, number }: StepReport): unknown {
  if (before === undefined || error instanceof ToolRefusal) {
    return error;
  }
  const { kind, message } = toolError(asFailure(error));
  return new ToolRefusal(
    kind,
    `${message} The previous state was saved: revert_vm with before_step ${number} goes back to it.`,
  );
}

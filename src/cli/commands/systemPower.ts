// All VMs of a system are started in their order, or shut down in the other one: planned for each, agreed to once, and
// what became of each is told.
import { questionLines } from '../printPlan.js';
import { agreedBefore, carryOut } from '../../session/carryOut.js';
import { memberOutcomes } from '../../session/systemInfos.js';
import type { SystemPowerAction, SystemPowerPlan } from '../../systems/systemPower.js';
import { nothingToPowerText, systemPowerQuestion, systemPowerText } from '../../text/systemText.js';
import { SystemProgress } from '../../text/systemProgress.js';
import type { Context } from '../context.js';
import { type ExitName, exitOfFailure } from '../exitCodes.js';
import { agreeToSystem, tellPlan } from './systemCommands.js';
import { requireSystem } from './systems.js';

export function startSystem(context: Context): Promise<ExitName> {
  return power(context, 'start');
}

export function stopSystem(context: Context): Promise<ExitName> {
  return power(context, 'shutDown');
}

async function power(context: Context, action: SystemPowerAction): Promise<ExitName> {
  const { call, session, terminal, json, interruption } = context;
  const stored = await requireSystem(context, call.operands[0] ?? '');
  const systems = await session.systems();
  const plan = await systems.planPower(stored, action);
  const { lines, confirm } = describePlan(context, plan);
  if (call.flags.has('plan')) {
    tellPlan(context, plan, lines);
    return 'done';
  }
  const { name } = plan.system;
  await agreeToSystem(context, plan, { lines, confirm });
  const controller = new AbortController();
  const progress = new SystemProgress(plan);
  terminal.progress(progress.text);
  const result = await interruption.handledBy(
    () => controller.abort(),
    () =>
      systems.runPower(plan, {
        signal: controller.signal,
        act: ({ view, plan: agreed }) =>
          carryOut(session, { view, request: agreed.request, agreed }, agreedBefore, controller.signal),
        ...progress.whenever((text) => terminal.progress(text)),
      }),
  );
  const first = result.members.find(({ failure }) => failure !== undefined)?.failure;
  if (json !== undefined) {
    json({ system: name, result: { durationMs: result.durationMs, members: memberOutcomes(result.members) } });
  } else {
    terminal.say(systemPowerText(plan, result).join('\n'));
  }
  return first === undefined ? 'done' : exitOfFailure(first.kind);
}

function describePlan(
  context: Context,
  plan: SystemPowerPlan,
): { readonly lines: readonly string[]; readonly confirm: string } {
  if (plan.members.length === 0) {
    return { lines: [nothingToPowerText(plan)], confirm: '' };
  }
  const question = systemPowerQuestion(plan, Date.now());
  return { lines: questionLines(context, question), confirm: question.confirm };
}

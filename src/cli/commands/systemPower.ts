// All VMs of a system are started in their order, or shut down in the other one: planned for each, agreed to once, and what became of
// each is told.
import { displayLine } from '../../domain/plainText.js';
import { agreedBefore, carryOut } from '../../session/carryOut.js';
import { memberOutcomes } from '../../session/systemInfos.js';
import type { SystemPowerAction, SystemPowerPlan } from '../../systems/systemPower.js';
import { nothingToPowerText, systemPowerQuestion, systemPowerText } from '../../text/systemText.js';
import { SystemProgress } from '../../text/systemProgress.js';
import { agreeTo } from '../agree.js';
import type { Context } from '../context.js';
import { type ExitName, exitOfFailure } from '../exitCodes.js';
import { wrapText } from '../help.js';
import { asks, needsName, tellPlan } from './systemCommands.js';
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
  await agreeTo(context, {
    lines,
    confirm,
    asks: asks(plan),
    ...(needsName(context, plan) && { isProtected: displayLine(name), typed: name }),
  });
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
        onUp: (member) => {
          progress.isUp(member);
          terminal.progress(progress.text);
        },
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
  { terminal }: Context,
  plan: SystemPowerPlan,
): { readonly lines: readonly string[]; readonly confirm: string } {
  if (plan.members.length === 0) {
    return { lines: [nothingToPowerText(plan)], confirm: '' };
  }
  const { title, details, confirm } = systemPowerQuestion(plan, Date.now());
  const lines = details.split('\n').flatMap((line) => (line === '' ? [] : wrapText(line, terminal.textWidth, 2)));
  return { lines: [title, ...lines], confirm };
}

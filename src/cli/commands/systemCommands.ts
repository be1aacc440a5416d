// The commands that change all VMs of a system: planned for each, told, agreed to once, carried out for all or for
// none.
import { commandLines, printPlan, questionLines } from '../printPlan.js';
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { findPointByTitle, type StoredSystem, type SystemPoint } from '../../domain/system.js';
import { checkpointTitle } from '../../domain/titleSuggestion.js';
import { groupQuestion, type GroupQuestion } from '../../session/carryOut.js';
import { systemOutcome } from '../../session/systemInfos.js';
import { SystemFailure, type SystemPlan } from '../../systems/systemPlan.js';
import type { SystemPowerPlan } from '../../systems/systemPower.js';
import {
  lateOf,
  notAllUp,
  outcomeLines,
  systemDoneText,
  systemQuestion,
  titleTakenText,
  withoutRamLines,
} from '../../text/systemText.js';
import { SystemProgress } from '../../text/systemProgress.js';
import { agreeTo } from '../agree.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import { pointOf } from './systemReports.js';
import { requireSystem, printSystem } from './systems.js';

export async function checkpointSystem(context: Context): Promise<ExitName> {
  const { call, session } = context;
  const [name = '', given] = call.operands;
  const stored = await requireSystem(context, name);
  const { description } = call.texts;
  const titles = stored.points.map(({ title }) => ({ name: title, title }));
  const wish = {
    title: given ?? checkpointTitle(titles, new Date()),
    ...(description !== undefined && { description }),
  };
  if (titles.some(({ title }) => title === wish.title)) {
    throw new CliError('failed', titleTakenText(name, wish.title));
  }
  const systems = await session.systems();
  return carryOutSystem(context, () => systems.planCheckpoint(stored, wish));
}

export async function revertSystem(context: Context): Promise<ExitName> {
  const [stored, point] = await findPoint(context);
  const systems = await context.session.systems();
  return carryOutSystem(context, () => systems.planRevert(stored, point));
}

export async function undoSystem(context: Context): Promise<ExitName> {
  const { call, session } = context;
  const stored = await requireSystem(context, call.operands[0] ?? '');
  const point = stored.points.findLast(({ auto }) => auto === 'revert');
  if (point === undefined) {
    throw new CliError('notFound', t('The system {0} has no revert to undo.', displayLine(stored.system.name)));
  }
  const systems = await session.systems();
  return carryOutSystem(context, () => systems.planRevert(stored, point));
}

export async function deletePoint(context: Context): Promise<ExitName> {
  const [stored, point] = await findPoint(context);
  const systems = await context.session.systems();
  return carryOutSystem(context, () => systems.planDelete(stored, point));
}

export async function renamePoint(context: Context): Promise<ExitName> {
  const [stored, point] = await findPoint(context);
  const [name = '', , title = ''] = context.call.operands;
  if (findPointByTitle(stored.points, title) !== undefined && title !== point.title) {
    throw new CliError('failed', titleTakenText(name, title));
  }
  await (await context.session.systems()).renamePoint(stored, point, title);
  return printSystem(context, name);
}

async function findPoint(context: Context): Promise<readonly [StoredSystem, SystemPoint]> {
  const [name = '', wanted = ''] = context.call.operands;
  const stored = await requireSystem(context, name);
  return [stored, pointOf(stored, wanted)];
}

/** @throws Failure; what became of each member has been told by then */
export async function carryOutSystem(context: Context, decide: () => Promise<SystemPlan>): Promise<ExitName> {
  const { call, session, terminal, json, interruption } = context;
  try {
    const plan = await decide();
    const question = systemQuestion(plan, Date.now());
    const lines = questionLines(context, question);
    if (call.flags.has('plan')) {
      tellPlan(context, plan, lines);
      return 'done';
    }
    const { asks } = await agreeToSystem(context, plan, { lines, confirm: question.confirm });
    if (!asks) {
      withoutRamLines(plan.members).forEach((line) => terminal.tell(line));
    }
    const systems = await session.systems();
    const controller = new AbortController();
    const progress = new SystemProgress(plan);
    terminal.progress(progress.text);
    const result = await interruption.handledBy(
      () => controller.abort(),
      () =>
        systems.run(plan, {
          signal: controller.signal,
          ...progress.whenever((text) => terminal.progress(text)),
        }),
    );
    const isWhole = lateOf(result).length === 0;
    if (json !== undefined) {
      json({ system: plan.system.name, result: systemOutcome(plan.point.title, result) });
    } else {
      terminal.say(
        [
          systemDoneText(plan, result),
          ...(isWhole ? [] : outcomeLines(result.members, plan.kind)),
          ...(result.kept === undefined
            ? []
            : [t('To go back: {0}', `virt-rewind system undo ${displayLine(plan.system.name)}`)]),
        ].join('\n'),
      );
    }
    if (isWhole) {
      return 'done';
    }
    return notAllUp(plan, result)?.failure.kind === 'cancelled' ? 'cancelled' : 'failed';
  } catch (error) {
    if (error instanceof SystemFailure && json === undefined) {
      terminal.tell(outcomeLines(error.members).join('\n'));
    }
    throw error;
  }
}

/** @returns what was asked @throws CliError */
export async function agreeToSystem(
  context: Context,
  { system, members }: Pick<SystemPowerPlan, 'system' | 'members'>,
  question: { readonly lines: readonly string[]; readonly confirm: string },
): Promise<GroupQuestion> {
  const asked = groupQuestion(context.session, members);
  await agreeTo(context, {
    ...question,
    asks: asked.asks,
    ...(asked.guarded.length > 0 && { isProtected: displayLine(system.name), typed: system.name }),
  });
  return asked;
}

export function tellPlan(
  context: Context,
  { kind, system, members }: SystemPlan | SystemPowerPlan,
  lines: readonly string[],
): void {
  const { session, json } = context;
  if (json === undefined) {
    printPlan(context, lines, members.flatMap(commandLines));
    return;
  }
  const { asks, guarded } = groupQuestion(session, members);
  json({
    system: system.name,
    plan: {
      operation: kind,
      members: members.map(({ member, view, plan }) => ({
        name: view.vm.name,
        uuid: member.uuid,
        connection: member.connection,
        commands: commandLines({ plan, view }),
        losses: plan.losses.map((loss) => loss.kind),
        ...(plan.snapshot !== undefined && { snapshot: plan.snapshot }),
        ...(plan.checkpoint !== undefined && { checkpoint: plan.checkpoint }),
      })),
      asks,
      needsName: guarded.length > 0,
    },
  });
}

// The commands that change all VMs of a system: planned for each, told, agreed to once, carried out for all or for none.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { findPointByTitle, type StoredSystem, type SystemPoint } from '../../domain/system.js';
import { checkpointTitle } from '../../domain/titleSuggestion.js';
import { mustAsk } from '../../session/carryOut.js';
import { systemOutcome } from '../../session/systemInfos.js';
import { virshLine } from '../../steps/virshCommand.js';
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
import { wrapText } from '../help.js';
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
    const lines = question.details
      .split('\n')
      .flatMap((line) => (line === '' ? [] : wrapText(line, terminal.textWidth, 2)));
    if (call.flags.has('plan')) {
      tellPlan(context, plan, [question.title, ...lines]);
      return 'done';
    }
    await agreeTo(context, {
      lines: [question.title, ...lines],
      confirm: question.confirm,
      asks: asks(plan),
      ...(needsName(context, plan) && { isProtected: displayLine(plan.system.name), typed: plan.system.name }),
    });
    if (!asks(plan)) {
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
          onDone: (member) => {
            progress.isDone(member);
            terminal.progress(progress.text);
          },
          onUp: (member) => {
            progress.isUp(member);
            terminal.progress(progress.text);
          },
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

export function tellPlan(
  { session, terminal, json }: Context,
  plan: SystemPlan | SystemPowerPlan,
  [title = '', ...lines]: readonly string[],
): void {
  const members = plan.members.map(({ member, view, plan: own }) => ({
    name: view.vm.name,
    uuid: member.uuid,
    connection: member.connection,
    commands: own.steps.map((step) => virshLine([step], view.vm, member.connection)).filter((line) => line !== ''),
    losses: own.losses.map(({ kind }) => kind),
    ...(own.snapshot !== undefined && { snapshot: own.snapshot }),
    ...(own.checkpoint !== undefined && { checkpoint: own.checkpoint }),
  }));
  if (json !== undefined) {
    const isNamed = needsName({ session }, plan);
    json({ system: plan.system.name, plan: { operation: plan.kind, members, asks: asks(plan), needsName: isNamed } });
    return;
  }
  const commands = members.flatMap((member) => member.commands);
  terminal.say(
    [
      terminal.style('bold', title),
      ...lines,
      ...(commands.length === 0 ? [] : ['', t('Equivalent commands:'), ...commands.map((line) => `  ${line}`)]),
      '',
      t('Nothing was changed.'),
    ].join('\n'),
  );
}

export function asks({ members }: SystemPlan | SystemPowerPlan): boolean {
  return members.some(({ plan }) => mustAsk(plan));
}

export function needsName({ session }: Pick<Context, 'session'>, { members }: SystemPlan | SystemPowerPlan): boolean {
  return members.some(({ view, plan }) => session.needsName(view, plan));
}

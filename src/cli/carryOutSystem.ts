// Carries out an operation on all VMs of a system for a person at a terminal, or says what it would do.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import type { StoredSystem } from '../domain/system.js';
import { groupQuestion, type GroupQuestion } from '../session/carryOut.js';
import { carryOutSystem as carryOutAgreed, planSystem, type SystemWish } from '../session/carryOutSystem.js';
import { systemOutcome } from '../session/systemInfos.js';
import type { SystemResult } from '../systems/groupRun.js';
import type { PlannedMember } from '../systems/systemPlan.js';
import { doneMembers, isPowerPlan, type PlannedSystem } from '../systems/systemPower.js';
import { lateOf, notAllUp, systemDoneLines, systemQuestion, withoutRamLines } from '../text/systems/systemText.js';
import { SystemProgress } from '../text/systems/systemProgress.js';
import { commandFor } from '../text/ways.js';
import { agreeTo } from './agree.js';
import type { Context } from './context.js';
import { type ExitName, exitOfFailure } from './exitCodes.js';
import type { CommandAnswer } from './printed.js';
import { commandLines, planText, questionLines } from './planText.js';
import type { Answers } from './answers.js';

export function carryOutWish(context: Context, stored: StoredSystem, wish: SystemWish): Promise<CommandAnswer> {
  return carryOutSystem(context, () => planSystem(context.session, stored, wish));
}

/** @throws Failure, which knows what became of each member */
export async function carryOutSystem(context: Context, decide: () => Promise<PlannedSystem>): Promise<CommandAnswer> {
  const { call, session, terminal, interruption } = context;
  if (call.flags.has('plan')) {
    return printedPlan(context, await decide());
  }
  const { plan, result } = await carryOutAgreed(session, decide, {
    agree: async (question) => {
      const { lines, confirm } = textOf(context, question.plan);
      await agreeToSystem(context, question.plan.system.name, question, { lines, confirm });
      if (!question.asks && !isPowerPlan(question.plan)) {
        withoutRamLines(question.plan.members).forEach((line) => terminal.tell(line));
      }
    },
    follow: (agreed, work) => {
      const controller = new AbortController();
      const progress = new SystemProgress(agreed);
      terminal.progress(progress.text);
      return interruption.handledBy(
        () => controller.abort(),
        () => work({ signal: controller.signal, ...progress.whenever((text) => terminal.progress(text)) }),
      );
    },
  });
  const name = displayLine(plan.system.name);
  const back = result.kept === undefined ? [] : [t('To go back: {0}', commandFor(['system', 'undo', name]))];
  return {
    answer: { system: plan.system.name, result: systemOutcome(plan, result) } satisfies
      Answers['systemOperation'] | Answers['systemPower'],
    text: [...systemDoneLines(plan, result), ...back],
    exit: exitOf(plan, result),
  };
}

function exitOf(plan: PlannedSystem, result: SystemResult): ExitName {
  const kind = notAllUp(plan, result)?.failure.kind;
  if (lateOf(result).length === 0) {
    return 'done';
  }
  if (kind === 'cancelled') {
    return 'cancelled';
  }
  // Its own exit code says that nothing was changed.
  const isUntouched = isPowerPlan(plan) && doneMembers(plan, result).length === 0;
  return isUntouched && kind !== undefined ? exitOfFailure(kind) : 'failed';
}

/** @throws CliError */
export async function agreeToSystem(
  context: Context,
  system: string,
  { asks, guarded }: GroupQuestion,
  question: { readonly lines: readonly string[]; readonly confirm: string },
): Promise<void> {
  await agreeTo(context, {
    ...question,
    asks,
    ...(guarded.length > 0 && { isProtected: displayLine(system), typed: system }),
  });
}

function textOf(
  context: Context,
  plan: PlannedSystem,
): { readonly lines: readonly string[]; readonly confirm: string } {
  const question = systemQuestion(plan, Date.now());
  return { lines: questionLines(context, question), confirm: question.confirm };
}

function printedPlan(context: Context, plan: PlannedSystem): CommandAnswer {
  const { session } = context;
  const { kind, system } = plan;
  const members: readonly Pick<PlannedMember, 'member' | 'view' | 'plan'>[] = plan.members;
  const { asks, guarded } = groupQuestion(session, members);
  return {
    answer: {
      system: system.name,
      plan: {
        operation: kind,
        members: members.map(({ member, view, plan: own }) => ({
          name: view.vm.name,
          uuid: member.uuid,
          connection: member.connection,
          commands: commandLines({ plan: own, view }),
          losses: own.losses.map((loss) => loss.kind),
          ...(own.snapshot !== undefined && { snapshot: own.snapshot }),
          ...(own.checkpoint !== undefined && { checkpoint: own.checkpoint }),
        })),
        asks,
        needsName: guarded.length > 0,
      },
    } satisfies Answers['systemPlan'],
    text: planText(context, textOf(context, plan).lines, members.flatMap(commandLines)),
  };
}

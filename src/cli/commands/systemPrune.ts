// Deletes old restore points of a system by a rule, after it is agreed to.
import { agreeToSystem } from '../carryOutSystem.js';
import { commandLines, planText, questionLines } from '../planText.js';
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { SystemPoint } from '../../domain/system.js';
import { groupQuestion } from '../../session/carryOut.js';
import { planSystemPrune, runSystemPrune, type StayingPoint, type SystemPrune } from '../../systems/systemPrune.js';
import {
  nothingToPruneText,
  stayingLine,
  staysText,
  systemPrunedText,
  systemPruneQuestion,
} from '../../text/systems/systemPruneText.js';
import { ruleOf } from '../arguments.js';
import { openSystem } from '../../session/target.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import type { Answers } from '../answers.js';

export async function pruneSystem(context: Context): Promise<CommandAnswer> {
  const { call, session, terminal, interruption } = context;
  const rule = ruleOf(call);
  const stored = await openSystem(context.session, call.operands[0] ?? '');
  const { name } = stored.system;
  const systems = await session.systems();
  const prune = await planSystemPrune(systems, session.engine, stored, rule, Date.now());
  if (call.flags.has('plan') || prune.going.length === 0) {
    return printedPlan(context, prune);
  }
  const members = prune.going.flatMap((one) => one.members);
  const question = systemPruneQuestion(prune, Date.now());
  const lines = questionLines(context, question);
  await agreeToSystem(context, name, groupQuestion(session, members), { lines, confirm: question.confirm });
  const controller = new AbortController();
  const result = await interruption.handledBy(
    () => controller.abort(),
    () =>
      runSystemPrune(systems, prune, {
        signal: controller.signal,
        onPoint: ({ title: point }) => terminal.progress(t('deleting {0}', displayLine(point))),
      }),
  );
  const isCancelled = controller.signal.aborted;
  return {
    answer: {
      system: name,
      pruned: { deleted: result.deleted.map(pointJson), stays: result.stays.map(stayingJson) },
    } satisfies Answers['systemPruned'],
    text: [systemPrunedText(prune, result), ...result.stays.map(stayingLine)],
    // Not thrown: the answer is given, and with --json it is the one document.
    ...(isCancelled && { beside: [t('Cancelled.')] }),
    exit: isCancelled ? 'cancelled' : result.deleted.length === prune.going.length ? 'done' : 'failed',
  };
}

function printedPlan(context: Context, prune: SystemPrune): CommandAnswer {
  const { stored, going, stays } = prune;
  const members = going.flatMap((one) => one.members);
  const commands = members.flatMap(commandLines);
  const { asks, guarded } = groupQuestion(context.session, members);
  return {
    answer: {
      system: stored.system.name,
      prunePlan: {
        points: going.map((one) => pointJson(one.stored)),
        stays: stays.map(stayingJson),
        commands,
        asks,
        needsName: guarded.length > 0,
      },
    } satisfies Answers['systemPrunePlan'],
    text:
      going.length === 0
        ? nothingToPruneText(prune)
        : planText(context, questionLines(context, systemPruneQuestion(prune, Date.now())), commands),
  };
}

type PruneAnswer = Answers['systemPruned']['pruned'];

function pointJson({ title, createdAt }: SystemPoint): PruneAnswer['deleted'][number] {
  return { title, createdAt: new Date(createdAt).toISOString() };
}

function stayingJson({ point, why }: StayingPoint): PruneAnswer['stays'][number] {
  return { ...pointJson(point), reason: why.kind, message: staysText(why) };
}

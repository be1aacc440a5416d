// Deletes old restore points of a system by a rule, after it is agreed to.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { SystemPoint } from '../../domain/system.js';
import type { PruneRule } from '../../operations/prune/pruneRule.js';
import { mustAsk } from '../../session/carryOut.js';
import { virshLine } from '../../steps/virshCommand.js';
import { planSystemPrune, runSystemPrune, type StayingPoint, type SystemPrune } from '../../systems/systemPrune.js';
import {
  nothingToPruneText,
  stayingLine,
  staysText,
  systemPrunedText,
  systemPruneQuestion,
} from '../../text/systemPruneText.js';
import { agreeTo } from '../agree.js';
import { countOf, type Call } from '../arguments.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import { wrapText } from '../help.js';
import { requireSystem } from './systems.js';

export async function pruneSystem(context: Context): Promise<ExitName> {
  const { call, session, terminal, json, interruption } = context;
  const rule = ruleOf(call);
  const stored = await requireSystem(context, call.operands[0] ?? '');
  const { name } = stored.system;
  const systems = await session.systems();
  const prune = await planSystemPrune(systems, session.engine, stored, rule, Date.now());
  if (call.flags.has('plan') || prune.going.length === 0) {
    tellPlan(context, prune);
    return 'done';
  }
  const members = prune.going.flatMap((one) => one.members);
  const isNamed = members.some(({ view, plan }) => session.needsName(view, plan));
  const { title, confirm } = systemPruneQuestion(prune, Date.now());
  await agreeTo(context, {
    lines: [title, ...detailLines(context, prune)],
    confirm,
    asks: members.some(({ plan }) => mustAsk(plan)),
    ...(isNamed && { isProtected: displayLine(name), typed: name }),
  });
  const controller = new AbortController();
  const result = await interruption.handledBy(
    () => controller.abort(),
    () =>
      runSystemPrune(systems, prune, {
        signal: controller.signal,
        onPoint: ({ title: point }) => terminal.progress(t('deleting {0}', displayLine(point))),
      }),
  );
  if (json === undefined) {
    terminal.say([systemPrunedText(prune, result), ...result.stays.map(stayingLine)].join('\n'));
  } else {
    json({ system: name, pruned: { deleted: result.deleted.map(pointJson), stays: result.stays.map(stayingJson) } });
  }
  if (controller.signal.aborted) {
    // Not thrown: the answer is given, and with --json it is the one document.
    terminal.tell(t('Cancelled.'));
    return 'cancelled';
  }
  return result.deleted.length === prune.going.length ? 'done' : 'failed';
}

function tellPlan({ session, terminal, json }: Context, prune: SystemPrune): void {
  const { stored, going, stays } = prune;
  const commands = going.flatMap(({ members }) =>
    members.flatMap(({ plan, view, member }) =>
      plan.steps.map((step) => virshLine([step], view.vm, member.connection)).filter((line) => line !== ''),
    ),
  );
  if (json !== undefined) {
    const members = going.flatMap((one) => one.members);
    json({
      system: stored.system.name,
      prunePlan: {
        points: going.map((one) => pointJson(one.stored)),
        stays: stays.map(stayingJson),
        commands,
        asks: members.some(({ plan }) => mustAsk(plan)),
        needsName: members.some(({ view, plan }) => session.needsName(view, plan)),
      },
    });
  } else if (going.length === 0) {
    terminal.say(nothingToPruneText(prune));
  } else {
    const byHand = commands.length === 0 ? [] : ['', t('Equivalent commands:'), ...commands.map((line) => `  ${line}`)];
    const title = terminal.style('bold', systemPruneQuestion(prune, Date.now()).title);
    terminal.say([title, ...detailLines({ terminal }, prune), ...byHand, '', t('Nothing was changed.')].join('\n'));
  }
}

function detailLines({ terminal }: Pick<Context, 'terminal'>, prune: SystemPrune): readonly string[] {
  return systemPruneQuestion(prune, Date.now())
    .details.split('\n')
    .flatMap((line) => (line === '' ? [] : wrapText(line, terminal.textWidth, 2)));
}

function pointJson({ title, createdAt }: SystemPoint): object {
  return { title, createdAt: new Date(createdAt).toISOString() };
}

function stayingJson({ point, why }: StayingPoint): object {
  return { ...pointJson(point), reason: why.kind, message: staysText(why) };
}

const mostKept = 9_999;
const units: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** @throws CliError `usage` */
function ruleOf(call: Call): PruneRule {
  const keepLast = countOf(call, 'keep-last', mostKept);
  const age = call.texts['older-than'];
  const [, digits = '', unit = ''] = /^(\d{1,4})([hdw])$/u.exec(age ?? '') ?? [];
  const olderThanMs = age === undefined ? undefined : Number(digits) * (units[unit] ?? Number.NaN);
  if (Number.isNaN(olderThanMs)) {
    throw new CliError('usage', '--older-than takes a number of hours, days or weeks, as 12h, 3d or 2w.');
  }
  if (keepLast === undefined && olderThanMs === undefined) {
    throw new CliError(
      'usage',
      'Say which go: --older-than AGE, --keep-last N, or both. See virt-rewind system prune --help.',
    );
  }
  return { ...(keepLast !== undefined && { keepLast }), ...(olderThanMs !== undefined && { olderThanMs }) };
}

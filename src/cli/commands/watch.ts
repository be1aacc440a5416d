// Restarts VMs that crash, or reverts them to their favourite snapshot, until Ctrl+C.
import { t } from '@vscode/l10n';
import { mayAct } from '../../domain/automaticActions.js';
import { displayLine } from '../../domain/plainText.js';
import { protectionMatcher } from '../../domain/protection.js';
import { refuse } from '../../domain/refusal.js';
import { isMember } from '../../domain/system.js';
import type { VmView } from '../../live/views.js';
import { mostActs } from '../../session/crashCounts.js';
import { SharedSettings } from '../../session/sharedSettings.js';
import { type CrashNews, type CrashRule, watchCrashes } from '../../session/watchCrashes.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import { lossText } from '../../text/questions/lossText.js';
import { clusterUnseenText } from '../../text/questions/warningText.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import { durationText } from '../../text/relativeAge.js';
import type { Answers } from '../answers.js';
import { countOf } from '../arguments.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';

const usualMost = 3;
const usualMinutes = 60;
const mostMinutes = 9_999;
const minuteMs = 60_000;

export async function watch(context: Context): Promise<CommandAnswer> {
  const { call, session, terminal, interruption, printer, log } = context;
  const rule = ruleOf(context);
  const views: VmView[] = [];
  for (const name of new Set(call.operands)) {
    const view = await session.vm(name);
    const hasNone = rule.act === 'revert' && (await session.engine.readFavourite(view.ref)) === undefined;
    const why = (await findBar(context, view, rule)) ?? (hasNone ? noFavouriteText(view) : undefined);
    if (why !== undefined) {
      throw new CliError('refused', why);
    }
    views.push(view);
  }
  const acts: Answers['watch']['acts'][number][] = [];
  const left: Answers['watch']['left'][number][] = [];
  const tell = (view: VmView, news: CrashNews): void => {
    printer.sayNews(newsText(view, news, rule));
    const vm = session.infoOf(session.engine.findVm(view.ref) ?? view);
    if (news.kind === 'tooOften') {
      left.push(vm);
    } else if (news.kind === 'done' || news.kind === 'failed') {
      const failure = news.kind === 'failed' ? { failure: news.failure.kind } : {};
      acts.push({ vm, at: new Date().toISOString(), act: rule.act, ...failure });
    }
  };
  terminal.tell(t('Watching {0}. Ctrl+C ends it.', views.map(({ vm }) => displayLine(vm.name)).join(', ')));
  const ends = await watchCrashes(session, views, {
    rule,
    findBar: (view) => findBar(context, view, rule),
    ...{ tell, log, signal: interruption.signal },
  });
  return {
    answer: { acts, left } satisfies Answers['watch'],
    text: [],
    exit: ends.includes('stopped') ? 'cancelled' : ends.includes('tooOften') ? 'wrong' : 'done',
  };
}

/** @throws CliError `usage` */
function ruleOf({ call }: Context): CrashRule {
  const { flags } = call;
  if (!flags.has('restart') && !flags.has('revert')) {
    throw new CliError('usage', '--restart or --revert is missing. See virt-rewind watch --help.');
  }
  return {
    act: flags.has('revert') ? 'revert' : 'restart',
    most: countOf(call, 'most', mostActs) ?? usualMost,
    withinMs: (countOf(call, 'within', mostMinutes) ?? usualMinutes) * minuteMs,
  };
}

/** Why that is not to be done to this VM, whatever happens to it, as all is set now. */
async function findBar(
  { session, log }: Context,
  { ref, vm }: VmView,
  { act }: CrashRule,
): Promise<string | undefined> {
  const name = displayLine(vm.name);
  const { settings } = await new SharedSettings(session.folder, log).read();
  const setting = settings.automaticActions;
  if (protectionMatcher(settings.protectedVms)(vm)) {
    return refusalText(refuse('protectedVm', { vm: vm.name }).refusal).reason;
  }
  if (!mayAct('restart', setting)) {
    return refusalText(refuse('notByItself', { vm: vm.name, setting }).refusal).reason;
  }
  const kept = await session.engine.keeperOf(ref);
  if (kept === 'unknown') {
    return clusterUnseenText();
  }
  if (typeof kept === 'object') {
    return t('A cluster already runs {0} as “{1}”.', name, displayLine(kept.resource));
  }
  if (act === 'restart') {
    return undefined;
  }
  const { systems } = await (await session.systems()).list();
  const home = systems.find(({ system }) => system.members.some(isMember(ref)));
  return (
    home &&
    t(
      '{0} belongs to the system {1}: reverted alone, it would not fit the others. Use {2}.',
      name,
      displayLine(home.system.name),
      '--restart',
    )
  );
}

function noFavouriteText({ vm }: VmView): string {
  return t('{0} has no favourite snapshot.', displayLine(vm.name));
}

function newsText(view: VmView, news: CrashNews, { most, withinMs }: CrashRule): string {
  const name = displayLine(view.vm.name);
  const leftText = (why: string): string => t('{0} crashed, and was left as it is. {1}', name, why);
  switch (news.kind) {
    case 'done':
      return news.snapshot === undefined
        ? t('{0} crashed. It was restarted ({1} of {2}).', name, news.time, most)
        : t('{0} crashed. It was reverted to “{3}” ({1} of {2}).', name, news.time, most, displayLine(news.snapshot));
    case 'failed':
      return leftText(failureMessage(news.failure));
    case 'elsewhere':
      return t('{0} crashed. Another operation has started it again, or is running on it.', name);
    case 'barred':
      return leftText(news.why);
    case 'noFavourite':
      return leftText(noFavouriteText(view));
    case 'wouldLose': {
      const { plan } = news;
      const losses = plan.losses.map((loss) => lossText(loss, plan, view, Date.now()));
      return leftText(t('The revert would lose: {0}.', losses.join(', ')));
    }
    case 'tooOften':
      return t('{0} crashed more than {1} times in {2}. It is left as it is.', name, most, durationText(withinMs));
    case 'gone':
      return t('{0} no longer exists.', name);
  }
}

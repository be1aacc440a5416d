// Bisect in the editor: which line is searched and how, by questions; carried on with what the command line calls too;
// shown.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { BisectNews } from '../../../bisect/bisectRun.js';
import type { Bisects, OpenBisect } from '../../../bisect/bisects.js';
import type { AskVerdict } from '../../../bisect/checks.js';
import { type BisectFinding, findingOf, isOver } from '../../../bisect/finding.js';
import { knowledgeOf } from '../../../bisect/search.js';
import type { Bisect } from '../../../domain/bisect.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmView } from '../../../live/views.js';
import {
  bisectPage,
  bisectPageTitle,
  answerLine,
  bisectStopText,
  planLines,
  resultLines,
} from '../../../text/operations/bisectText.js';
import { usedSinceText } from '../../../text/words.js';
import { askVerdict, pickLook, untrustedText } from '../../prompts/askBisect.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { CommandError, DismissedError } from '../../prompts/commandError.js';
import { noteInStatusBar, notify, notifyProgress } from '../../prompts/notify.js';
import { type Choice, pick } from '../../prompts/pickTarget.js';
import type { CommandArguments } from '../../../verbs/arguments.js';
import { asStop, askForBisect } from './askForBisect.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { mustConfirm } from '../consent.js';
import { showFailure } from '../runCommand.js';
import { targetVm } from '../targets.js';

/** The tries of a check that somebody says is flaky. */
const flakyTries = 3;

export const bisectCommands = {
  'virtRewind.bisect': bisect,
} satisfies CommandTable;

type NextStep = NonNullable<CommandArguments['bisect']> | 'begin' | 'beginAnew';

/**
 * Searches the restore points of a VM for the first bad one, or goes on with the bisect that it has, shows it or ends
 * it.
 */
async function bisect(run: CommandRun): Promise<BisectFinding | undefined> {
  return withBisects(run, async (bisects) => {
    const given = argumentsOf(run.call).bisect;
    await run.bisects.read();
    const hasOne = ({ ref }: VmView): boolean => run.bisects.of(ref) !== undefined;
    const view = await targetVm(run, ...(given === undefined ? [] : [hasOne]));
    const stored = await bisects.of(view.ref);
    switch (given ?? (await nextStep(run, view, stored))) {
      case 'beginAnew':
        await bisects.end(view.ref, view.vm.name, { onNews: tellStays });
        await run.bisects.read();
        return begin(run, view, bisects);
      case 'begin':
        return begin(run, view, bisects);
      case 'resume':
        requireTrust(stored);
        return carryOn(run, view, bisects, await bisects.resume(view.ref, view.vm.name), false);
      case 'show':
        await open(run, view, bisects);
        return stored && findingOf(stored);
      case 'end':
        await end(run, view, bisects, stored);
        return undefined;
    }
  });
}

/** A caller that says what is searched does not mean the one that is there. */
async function nextStep(run: CommandRun, view: VmView, stored: Bisect | undefined): Promise<NextStep> {
  const { call } = run;
  const { good, bad, skip, check, program } = argumentsOf(call);
  const isLineGiven = call.kind === 'rows' && call.rows.length > 1 && stored !== undefined && isOver(stored);
  const wishesAnother = [good, bad, skip, check, program].some((given) => given !== undefined);
  if (stored === undefined || wishesAnother || isLineGiven) {
    return 'begin';
  }
  return call.kind === 'program' ? (isOver(stored) ? 'begin' : 'resume') : pickNextStep(view, stored);
}

function pickNextStep({ vm }: VmView, stored: Bisect): Promise<NextStep> {
  const show: Choice<NextStep> = { label: t('Show Results'), value: 'show' };
  const end: Choice<NextStep> = { label: t('End Bisect…'), description: t('discards the results'), value: 'end' };
  return isOver(stored)
    ? pick<NextStep>(
        [show, { label: t('Start a New One'), value: 'begin' }, end],
        t('{0} has a finished bisect.', displayLine(vm.name)),
      )
    : pick<NextStep>(
        [
          { label: t('Continue'), description: leftText(stored), value: 'resume' },
          show,
          { label: t('End and Start a New One'), description: t('discards the results'), value: 'beginAnew' },
          end,
        ],
        t('The bisect of {0} is not finished.', displayLine(vm.name)),
      );
}

async function begin(run: CommandRun, view: VmView, bisects: Bisects): Promise<BisectFinding> {
  const wished = await askForBisect(run, view);
  requireTrust(wished);
  const flaky = t('Start, Test Each Three Times');
  const answer = mustConfirm(run)
    ? await askQuestion(
        {
          title: t('Bisect {0}?', displayLine(view.vm.name)),
          lines: planLines(wished, bisects.atOnce(wished)),
          details: '',
          confirm: t('Start'),
        },
        wished.tries === 1 && wished.check.kind !== 'person' ? flaky : undefined,
      )
    : '';
  const agreed = answer === flaky ? { ...wished, tries: flakyTries } : wished;
  return carryOn(run, view, bisects, await bisects.begin(agreed), true);
}

async function carryOn(
  run: CommandRun,
  view: VmView,
  bisects: Bisects,
  open: OpenBisect,
  isNew: boolean,
): Promise<BisectFinding> {
  const { ref, vm } = view;
  let now = open.bisect;
  const stop = new AbortController();
  try {
    await notifyProgress(t('Bisect of {0}', displayLine(vm.name)), true, (report, cancellation) => {
      cancellation.onCancellationRequested(() => stop.abort());
      const onNews = (news: BisectNews, bisect: Bisect): void => {
        now = bisect;
        tell(run, news, bisect, report);
      };
      return open.run({ onNews, ask: asking(run, () => stop.abort()) }, stop.signal);
    });
    await open.release();
  } catch (error) {
    await open.release();
    if (isNew && now.answers.length === open.bisect.answers.length) {
      // Nothing was found: it would only be in the way of the next.
      await bisects.end(ref, vm.name, { onNews: tellStays });
    }
    throw error;
  } finally {
    await run.bisects.read();
  }
  const name = displayLine(vm.name);
  const found = findingOf(now);
  if (stop.signal.aborted) {
    noteInStatusBar(t('The bisect of {0} stopped. Its results are saved: Bisect… continues it.', name));
    return found;
  }
  tellResult(run, view, bisects, now);
  return found;
}

function tell({ log }: CommandRun, news: BisectNews, bisect: Bisect, report: (message: string) => void): void {
  switch (news.kind) {
    case 'trying':
      report(`${t('Testing {0}…', displayLine(bisect.line[news.point]?.title ?? ''))} ${leftText(bisect)}`);
      return;
    case 'answer':
      log.info(`bisect of ${bisect.vmName}: ${answerLine(bisect, news.answer)}`);
      report(`${answerLine(bisect, news.answer)}. ${leftText(bisect)}`);
      return;
    case 'left':
      log.warn(`bisect of ${bisect.vmName}: ${news.probe.name} could not be removed yet: ${String(news.error)}`);
      return;
    case 'stays':
      tellStays(news);
  }
}

function tellStays(news: BisectNews): void {
  if (news.kind === 'stays') {
    void notify('info', usedSinceText(news.probe.name));
  }
}

/** What is known so far, and what is not. */
function leftText({ line, answers }: Bisect): string {
  const { newestGood = -1, oldestBad = line.length, open } = knowledgeOf(line.length, answers);
  return t('Good: {0}, bad: {1}, unknown: {2}.', newestGood + 1, line.length - oldestBad, open.length);
}

function tellResult(run: CommandRun, view: VmView, bisects: Bisects, bisect: Bisect): void {
  const show = t('Show Bisect');
  const picture = t('Show Picture');
  const { oldestBad } = findingOf(bisect);
  void notify('info', resultLines(bisect).join(' '), show, ...(oldestBad === undefined ? [] : [picture]))
    .then(async (button) => {
      if (button === show) {
        await open(run, view, bisects);
      } else if (button === picture && oldestBad !== undefined) {
        await run.pictures.show(view.ref, { focus: { part: 'tree', snapshot: oldestBad } });
      }
    })
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.bisect', reason));
}

function asking(run: CommandRun, quit: () => void): AskVerdict {
  return async (point, clone, signal) => {
    const { ref, vm } = clone;
    const name = displayLine(vm.name);
    const look = async (): Promise<void> => {
      try {
        const command = await pickLook(name);
        await vscode.commands.executeCommand(command, { vm: ref.uuid, connection: ref.connection });
      } catch (error) {
        // The question stays.
        if (!(error instanceof DismissedError)) {
          showFailure(run.log, 'virtRewind.bisect', error);
        }
      }
    };
    const verdict = await askVerdict(point.title, name, look, signal);
    if (verdict === undefined) {
      quit();
    }
    return verdict;
  };
}

/** Opens a page of what a bisect has found. */
async function open(run: CommandRun, { ref, vm }: VmView, bisects: Bisects): Promise<void> {
  const stored = await bisects.of(ref);
  if (stored === undefined) {
    throw new CommandError('notFound', bisectStopText({ kind: 'noBisect', vm: vm.name }), { vm: vm.name });
  }
  await run.reports.open(bisectPageTitle(vm.name), bisectPage(stored, Date.now()));
}

/** Removes the clones that a bisect has left, and what rows and pictures say of it. */
async function end(run: CommandRun, { ref, vm }: VmView, bisects: Bisects, stored: Bisect | undefined): Promise<void> {
  const name = displayLine(vm.name);
  if (stored !== undefined && !isOver(stored) && mustConfirm(run)) {
    await askQuestion({
      title: t('End the bisect of {0}?', name),
      lines: [t('The bisect is not finished. Its results will be discarded.')],
      details: '',
      confirm: t('End Bisect'),
    });
  }
  await bisects.end(ref, vm.name, { onNews: tellStays });
  await run.bisects.read();
  noteInStatusBar(t('Ended the bisect of {0} and deleted its clones.', name));
}

/** The author of the workspace's settings could run any program here. */
function requireTrust(bisect: Bisect | undefined): void {
  if (bisect?.check.kind === 'host' && !vscode.workspace.isTrusted) {
    throw new CommandError('refused', untrustedText());
  }
}

async function withBisects<T>(run: CommandRun, act: (bisects: Bisects) => Promise<T>): Promise<T> {
  const { Bisects: Loaded } = await import('../../../bisect/bisects.js');
  const { engine, log, history } = run;
  try {
    return await act(new Loaded({ engine, log, folder: history.folder, environment: process.env }));
  } catch (error) {
    const stop = asStop(error);
    if (stop === undefined) {
      throw error;
    }
    const kind = ({ noBisect: 'notFound', atWork: 'busy', badExit: 'failed', cannotRun: 'failed' } as const)[
      stop.reason.kind as string
    ];
    const view = argumentsOf(run.call).vm;
    throw new CommandError(kind ?? 'refused', bisectStopText(stop.reason), view === undefined ? {} : { vm: view });
  }
}

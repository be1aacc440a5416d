// The search for the first bad restore point: begun, gone on with, told of, ended.
import { t } from '@vscode/l10n';
import type { Bisects, OpenBisect } from '../../bisect/bisects.js';
import type { BisectNews } from '../../bisect/bisectRun.js';
import { BisectStop, type BisectStopReason } from '../../bisect/bisectStop.js';
import type { AskVerdict } from '../../bisect/checks.js';
import { findingOf, isOver } from '../../bisect/finding.js';
import { lineOf } from '../../bisect/bisectLine.js';
import type { Bisect, BisectCheck, Verdict } from '../../domain/bisect.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { VmRef } from '../../domain/vm.js';
import type { VmView } from '../../live/views.js';
import { answerLine, bisectStopText, planLines, pointWord, resultLines } from '../../text/operations/bisectText.js';
import { usedSinceText } from '../../text/words.js';
import { askLine } from '../agree.js';
import { countOf, secondsOf } from '../arguments.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import type { CommandAnswer } from '../printed.js';
import type { Answers } from '../answers.js';

const usualSeconds = 300;
const mostJobs = 64;
const mostTries = 99;

export async function bisect(context: Context): Promise<CommandAnswer> {
  try {
    return await dispatchBisect(context);
  } catch (error) {
    throw error instanceof BisectStop ? new CliError(exitOf(error.reason), bisectStopText(error.reason)) : error;
  }
}

async function dispatchBisect(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const wish = oneOf(call.flags, ['resume', 'log', 'stop']);
  const bisects = await session.bisects();
  if (wish === undefined) {
    return begin(context, bisects);
  }
  const { vm, vmName, stored } = await storedOf(context, bisects);
  if (wish === 'log') {
    return bisectAnswer(stored);
  }
  // Its clones are there, and how much RAM they take.
  session.reach(vm.connection);
  await session.engine.connect(vm.connection);
  if (wish === 'stop') {
    const onNews = (news: BisectNews): void =>
      news.kind === 'stays' ? context.terminal.tell(usedSinceText(news.probe.name)) : undefined;
    await bisects.end(vm, vmName, { onNews });
    context.terminal.tell(t('Ended the bisect of {0} and deleted its clones.', displayLine(vmName)));
    return { ...bisectAnswer(stored), text: [] };
  }
  return carryOn(context, await bisects.resume(vm, vmName));
}

async function begin(context: Context, bisects: Bisects): Promise<CommandAnswer> {
  const { call, session, terminal } = context;
  const [name] = call.operands;
  if (name === undefined) {
    throw new CliError('usage', 'VM is missing. See virt-rewind bisect --help.');
  }
  const check = checkOf(context);
  const view = await session.vm(name);
  const wished = await bisectOf(context, view, check);
  const rounds = planLines(wished, bisects.atOnce(wished));
  if (call.flags.has('plan')) {
    return {
      answer: { vm: session.infoOf(view), bisect: answerOf(wished), plan: rounds } satisfies Answers['bisect'],
      text: rounds,
    };
  }
  const open = await bisects.begin(wished);
  rounds.forEach((line) => terminal.tell(line));
  return carryOn(context, open);
}

/** @throws CliError `usage`, `unanswered` */
function checkOf({ call, printer }: Context): BisectCheck {
  const [, program, ...args] = call.operands;
  const where = oneOf(call.flags, ['run', 'in-guest', 'in-console']);
  if ((where === undefined) !== (program === undefined)) {
    throw new CliError(
      'usage',
      `A check is said as --run, --in-guest or --in-console, and then: -- PROGRAM ARGUMENT. See virt-rewind bisect --help.`,
    );
  }
  if (call.flags.has('off') && where !== 'run') {
    throw new CliError('usage', '--off goes with --run. See virt-rewind bisect --help.');
  }
  if (where === undefined || program === undefined) {
    if (!call.flags.has('plan') && !printer.canAsk) {
      throw new CliError(
        'unanswered',
        t('Cannot ask for confirmation here. Specify a check: {0}', '--run, --in-guest'),
      );
    }
    return { kind: 'person' };
  }
  const kinds = { run: 'host', 'in-guest': 'guest', 'in-console': 'console' } as const;
  return { kind: kinds[where], program, args };
}

async function bisectOf({ call, session }: Context, view: VmView, check: BisectCheck): Promise<Bisect> {
  const findByTitle = async (title: string | undefined): Promise<Snapshot | undefined> =>
    title === undefined ? undefined : session.snapshot(view, title);
  const skip: Snapshot[] = [];
  for (const title of call.lists['skip'] ?? []) {
    skip.push(await session.snapshot(view, title));
  }
  const good = await findByTitle(call.texts['good']);
  const bad = await findByTitle(call.texts['bad']);
  const tree = await session.engine.readTree(view.ref);
  const jobs = countOf(call, 'jobs', mostJobs);
  return {
    vm: view.ref,
    vmName: view.vm.name,
    startedAt: Date.now(),
    ...lineOf(view.vm.name, tree, { skip, ...(good && { good }), ...(bad && { bad }) }),
    check,
    network: call.flags.has('network') ? 'same' : 'unplugged',
    start: call.flags.has('off') ? 'off' : 'started',
    tries: countOf(call, 'tries', mostTries) ?? 1,
    ...(jobs !== undefined && { jobs }),
    checkMs: secondsOf(call, usualSeconds) * 1_000,
    startMs: secondsOf(call, usualSeconds, 'start-seconds') * 1_000,
    probes: [],
  };
}

async function carryOn(context: Context, open: OpenBisect): Promise<CommandAnswer> {
  const { terminal, interruption } = context;
  let now = open.bisect;
  const stop = new AbortController();
  interruption.signal.addEventListener('abort', () => stop.abort(), { once: true });
  if (interruption.signal.aborted) {
    stop.abort();
  }
  const onNews = (news: BisectNews, bisect: Bisect): void => {
    now = bisect;
    if (news.kind === 'answer') {
      terminal.tell(answerLine(bisect, news.answer));
    } else if (news.kind === 'trying') {
      terminal.progress(t('Testing {0}…', displayLine(bisect.line[news.point]?.title ?? '')));
    } else if (news.kind === 'left') {
      terminal.tell(t('The clone {0} could not be deleted yet.', news.probe.name));
    } else {
      terminal.tell(usedSinceText(news.probe.name));
    }
  };
  try {
    await open.run({ onNews, ask: asking(context, () => stop.abort()) }, stop.signal);
  } finally {
    await open.release();
  }
  if (stop.signal.aborted) {
    throw new CliError(
      'cancelled',
      t('Stopped. The results are saved. Continue with: {0}.', 'virt-rewind bisect --resume'),
    );
  }
  return bisectAnswer(now);
}

function asking(context: Context, quit: () => void): AskVerdict {
  return async (point, clone) => {
    const { terminal } = context;
    terminal.tell(
      t(
        '{0} is running as {1}. Examine it: {2}',
        displayLine(point.title),
        clone.vm.name,
        `virt-rewind console ${clone.vm.name}`,
      ),
    );
    for (;;) {
      const answer = await askLine(context, `${t('Is it (g)ood or (b)ad? Or (s)kip, or (q)uit?')} [g/b/s/q] `);
      const verdict = ({ g: 'good', b: 'bad', s: 'skip' } as Readonly<Record<string, Verdict>>)[answer.slice(0, 1)];
      if (verdict !== undefined) {
        return verdict;
      }
      if (answer.startsWith('q')) {
        quit();
        return undefined;
      }
    }
  };
}

/** The one that is there, or that of the VM that was named. */
async function storedOf(
  { call, session }: Context,
  bisects: Bisects,
): Promise<{ readonly vm: VmRef; readonly vmName: string; readonly stored: Bisect }> {
  const [name] = call.operands;
  const { bisects: all } = await bisects.list();
  const named = all.filter(({ vm, vmName }) => name === undefined || vmName === name || vm.uuid === name);
  const going = named.filter((one) => !isOver(one));
  const [stored, ...others] = going.length > 0 ? going : named;
  if (stored === undefined) {
    // A VM that was renamed since is known by its connection.
    const view = name === undefined ? undefined : await session.vm(name);
    const found = view && (await bisects.of(view.ref));
    if (view !== undefined && found !== undefined) {
      return { vm: view.ref, vmName: view.vm.name, stored: found };
    }
    throw name === undefined
      ? new CliError('notFound', t('There is no bisect.'))
      : new BisectStop({ kind: 'noBisect', vm: name });
  }
  if (others.length > 0) {
    const names = [stored, ...others].map(({ vmName }) => displayLine(vmName)).join(', ');
    throw new CliError('ambiguous', t('There are several bisects. Specify the VM. {0}', names));
  }
  return { vm: stored.vm, vmName: stored.vmName, stored };
}

function bisectAnswer(stored: Bisect): CommandAnswer {
  const rows = stored.line.map(({ title }, at) => `${displayLine(title)}  ${pointWord(stored, at) ?? '?'}`);
  return {
    answer: { bisect: answerOf(stored) } satisfies Answers['bisect'],
    text: [...rows, ...resultLines(stored)],
  };
}

/** The same for programs, by the names that libvirt knows. */
function answerOf(stored: Bisect): Answers['bisect']['bisect'] {
  const { vm, vmName, line, answers, probes, check, tries } = stored;
  return {
    vm: vmName,
    uuid: vm.uuid,
    connection: vm.connection,
    ...findingOf(stored),
    line: line.map((point, at) => ({
      name: point.name,
      title: point.title,
      verdicts: answers
        .filter((answer) => answer.point === at)
        .map(({ verdict, tries: made }) => ({ verdict, tries: made })),
    })),
    check: check.kind,
    tries,
    clones: probes.map((probe) => probe.name),
  };
}

/** @throws CliError `usage` for two of them */
function oneOf<T extends string>(flags: ReadonlySet<string>, names: readonly T[]): T | undefined {
  const [one, other] = names.filter((name) => flags.has(name));
  if (other !== undefined) {
    throw new CliError('usage', `Say one of ${names.map((name) => `--${name}`).join(', ')}.`);
  }
  return one;
}

function exitOf({ kind }: BisectStopReason): ExitName {
  const exits: Partial<Record<BisectStopReason['kind'], ExitName>> = {
    noBisect: 'notFound',
    atWork: 'busy',
    badExit: 'failed',
    cannotRun: 'notRun',
  };
  return exits[kind] ?? 'refused';
}

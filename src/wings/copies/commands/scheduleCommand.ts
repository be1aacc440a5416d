// `virt-rewind schedule`: backups and snapshots by the clock, and what became of them.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { findProgram, isProgram } from '../../../base/findProgram.js';
import { runHere } from '../../../base/hostProgram.js';
import { countOf } from '../../../cli/arguments.js';
import { CliError } from '../../../cli/commandError.js';
import { commonOptions } from '../../../cli/commandShape.js';
import type { Call, CommandHandler, Context } from '../../../cli/context.js';
import type { CommandEnd, CommandAnswer, TextPart } from '../../../cli/printed.js';
import { orNamed } from '../../../domain/asFailure.js';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import type { VmView } from '../../../live/views.js';
import { requireSetOptions, requireVmsOrSystem, wantedVms } from './backUpSetCommand.js';
import { ruleOf } from './backupsCommand.js';
import { scheduleInfo } from '../copiesInfos.js';
import { asText, mostCheckpoints, requireText, requireWholePath } from './copiesCommand.js';
import { type InstalledStatus, loginOfHost, readInstalled } from '../readCopies.js';
import { protectedRefusal, requireFitting, requireUnasked } from './protectedCommand.js';
import { Scheduler } from '../schedules/installSchedule.js';
import { withoutPassword, withPassword } from '../repository/repositoryAddress.js';
import { Restic } from '../repository/restic.js';
import { resticFailure } from '../repository/resticFailure.js';
import { runCheckpoints } from './runCheckpoints.js';
import { recordRun, runOwn, runSchedule } from '../schedules/runSchedule.js';
import { isDue, isRuledTwice, type Schedule, scheduleName, scheduleShape, stateOf } from '../schedules/schedule.js';
import { putSchedule } from '../schedules/putSchedule.js';
import { launchEnvironment, writeScript } from '../schedules/scheduleFiles.js';
import { readSchedules, ScheduleStore } from '../schedules/scheduleStore.js';
import { lingerLines, stateText } from '../schedules/scheduleText.js';
import { parseAs } from '../../../journal/json.js';
import type { CopiesAnswers } from './answers.js';
import { datesText, endedText, lostText, missedText, toText } from '../schedules/scheduleNews.js';
import { scheduleFailure } from '../schedules/scheduleFailure.js';
import { isOfWing } from '../../../domain/failure.js';
import { failureText } from '../../../text/failures/failureText.js';

const endLoginMs = 5_000;

export const schedule: CommandHandler = async (context) => {
  const { call, log } = context;
  const { remove, run } = call.texts;
  const tools = {
    store: new ScheduleStore(sessionFolder(process.env), log),
    scheduler: new Scheduler(process.env),
  };
  if (run !== undefined) {
    return runNow(context, tools, run);
  }
  if (remove !== undefined) {
    return removeSchedule(tools, remove);
  }
  // Nothing that was said of a new one is passed over in silence.
  const said = [...Object.keys(call.texts), ...call.flags].filter((option) => !Object.hasOwn(commonOptions, option));
  return call.operands.length > 0 || said.length > 0 ? addSchedule(context, tools) : listSchedules(context, tools);
};

async function addSchedule(context: Context, { store, scheduler }: ScheduleTools): Promise<CommandAnswer> {
  const { call, session } = context;
  const { connect: named, as: given, system, 'on-failure': onFailure } = call.texts;
  const isBackup = call.texts['to'] !== undefined;
  requireVmsOrSystem(call);
  if (!isBackup) {
    requireSnapshotOptions(call);
  }
  const every = requireText(context, 'every');
  if (system !== undefined) {
    requireSetOptions(call);
  }
  requireFitting(call);
  const keep = ruleOf(call);
  const { find } = await wantedVms(context);
  // One that is named twice is backed up, or snapshotted, once.
  const byRef = new Map<string, readonly [name: string, view: VmView]>();
  for (const [name, view] of find) {
    const found = await view();
    requireUnasked(context, found);
    if (!isBackup && Object.keys(keep).length > 0 && session.isProtected(found.vm)) {
      throw protectedRefusal(found.vm.name, '--keep');
    }
    const key = JSON.stringify(found.ref);
    byRef.set(key, byRef.get(key) ?? [name, found]);
  }
  const views = [...byRef.values()].map(([, view]) => view);
  if (onFailure !== undefined && !(onFailure.startsWith('/') && (await isProgram(onFailure)))) {
    throw scheduleFailure('badProgram', { about: onFailure });
  }
  const environment = launchEnvironment(process.env);
  const target = isBackup ? await requireTarget(context, views, environment) : { connect: named };
  const made = parseAs(scheduleShape, {
    name: given ?? scheduleName(system ?? call.operands[0] ?? '', every),
    vms: [...byRef.values()].map(([name, { vm }]) => (system === undefined ? name : vm.name)),
    refs: views.map(({ ref: { connection, uuid } }) => ({ connection, uuid })),
    ...(system !== undefined && { system }),
    ...{ every, keep, by: await scheduler.choose(every), madeAt: Date.now() },
    ...(call.flags.has('checkpoint') && { checkpoint: checkpointOf(call) }),
    ...Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined)),
    ...(onFailure !== undefined && { onFailure }),
  });
  if (made === undefined) {
    throw scheduleFailure('badName', { about: given ?? '' });
  }
  const { schedules: others } = await readSchedules(store, Date.now());
  const twin = others.find((other) => isRuledTwice(made, other.schedule));
  if (twin !== undefined) {
    throw scheduleFailure('ruledTwice', { about: twin.schedule.name });
  }
  const replaced = call.flags.has('replace') ? await store.read(made.name) : undefined;
  const launch = { node: process.execPath, program: resolve(process.argv[1] ?? ''), environment };
  await putSchedule(store, scheduler, { made, replaced, script: writeScript(made, launch) });
  const { schedules } = await readSchedules(store, Date.now(), (...of) => scheduler.nextAfter(...of));
  const status = schedules.find((one) => one.schedule.name === made.name);
  const next = status?.nextAt === undefined ? '' : fullTime(status.nextAt);
  return {
    answer: {
      schedules: status === undefined ? [] : [scheduleInfo(status, true)],
    } satisfies CopiesAnswers['schedules'],
    text: asText([
      t('Added the schedule {0} ({1}). Next run: {2}.', made.name, made.by, next),
      ...lingerLines(made.by),
    ]),
  };
}

/** @throws CliError `usage` */
function requireSnapshotOptions({ command, flags, texts }: Call): void {
  const ofBackups = ['password-file', 'keep-checkpoints'].find((option) => texts[option] !== undefined);
  if (ofBackups !== undefined || !flags.has('checkpoint')) {
    const what = ofBackups === undefined ? '' : `--${ofBackups} is for backups. `;
    const how = 'Use --to for backups, or --checkpoint without it for snapshots.';
    throw new CliError('usage', `${what}${how} See virt-rewind ${command} --help.`);
  }
}

/** With what a run will have: the repository is there, and its key opens it. */
async function requireTarget(
  context: Context,
  [first]: readonly VmView[],
  environment: Readonly<Record<string, string>>,
): Promise<Pick<Schedule, 'to'> & Readonly<Record<'connect' | 'passwordFile', string | undefined>>> {
  const { call, session, interruption } = context;
  const to = withPassword(requireText(context, 'to'), process.env);
  const { connect: named, system, 'password-file': passwordFile } = call.texts;
  const target = /^[a-z\d]+:/u.test(to) ? to : resolve(to);
  // A system knows where its VMs are, and its backups are on their host.
  const there = system === undefined ? undefined : first?.ref.connection;
  const isFarAway = (await loginOfHost(session, there)) !== undefined;
  const connect = named ?? (isFarAway ? there : undefined);
  if (isFarAway && target !== to) {
    requireWholePath('to', to);
  }
  const { signal } = interruption;
  if (passwordFile !== undefined && (await undefinedIfAbsent(stat(passwordFile)))?.isFIFO() === true) {
    // It would not be there for a run.
    await orNamed({ target }, () => Promise.reject(resticFailure('noKeyFile', resolve(passwordFile))));
  }
  if (isFarAway) {
    await requireRun({ connect, passwordFile }, { to: target, environment, signal });
  } else {
    await orNamed({ target }, async () => {
      await (await Restic.open(target, { environment, signal, passwordFile })).snapshots([]);
    });
  }
  return { to: target, connect, passwordFile: passwordFile === undefined ? undefined : resolve(passwordFile) };
}

function checkpointOf(call: Call): NonNullable<Schedule['checkpoint']> {
  const { kind } = call.texts as { readonly kind?: 'memory' | 'disk' };
  const keep = countOf(call, 'keep-checkpoints', mostCheckpoints);
  return {
    ...(kind !== undefined && { kind }),
    ...(call.flags.has('quiesce') && { quiesce: true }),
    ...(keep !== undefined && { keep }),
  };
}

/** Another host lets a run in that nobody answers for, by no login that is open now. @throws CliError */
async function requireRun(
  given: { readonly connect: string | undefined; readonly passwordFile: string | undefined },
  {
    to,
    environment,
    signal,
  }: { readonly to: string; readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<void> {
  const logins = await mkdtemp(join(tmpdir(), 'vr-'));
  try {
    const words = [
      ...(given.connect === undefined ? [] : [`--connect=${given.connect}`]),
      ...(given.passwordFile === undefined ? [] : [`--password-file=${given.passwordFile}`]),
    ];
    const { code, message } = await runOwn(['backups', `--from=${withoutPassword(to)}`, ...words, '--json'], {
      program: [process.execPath, resolve(process.argv[1] ?? '')],
      environment: { ...environment, XDG_RUNTIME_DIR: logins },
      signal,
      repository: to,
    });
    signal.throwIfAborted();
    if (code !== 0) {
      throw new CliError('refused', displayLine(message, 2_000));
    }
  } finally {
    await endLogins(join(logins, 'virt-rewind'), environment);
    await rm(logins, { recursive: true, force: true });
  }
}

/** ssh keeps each for a minute, by its socket. */
async function endLogins(folder: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const ssh = await findProgram('ssh', environment);
  for (const socket of ssh === undefined ? [] : ((await undefinedIfAbsent(readdir(folder))) ?? [])) {
    const args = ['-O', 'exit', '-o', `ControlPath="${join(folder, socket)}"`, 'host'];
    await runHere({ program: ssh ?? '', args, environment, atMostMs: endLoginMs }, new AbortController().signal);
  }
}

// What `virt-rewind schedule` does with the schedules that are there: lists, runs and removes them.

interface ScheduleTools {
  readonly store: ScheduleStore;
  readonly scheduler: Scheduler;
}

async function removeSchedule({ store, scheduler }: ScheduleTools, name: string): Promise<CommandAnswer> {
  const found = await store.read(name).catch(async (error: unknown): Promise<Pick<Schedule, 'name' | 'by'>> => {
    if (isOfWing(error, 'schedules', 'unreadable')) {
      return { name, by: await scheduler.choose('day') };
    }
    throw error;
  });
  await scheduler.uninstall(found);
  await store.remove(name);
  return {
    answer: { removed: name } satisfies CopiesAnswers['scheduleRemoved'],
    text: t('Removed the schedule {0}. Its backups and snapshots stay.', displayLine(name)),
  };
}

async function runNow(context: Context, tools: ScheduleTools, name: string): Promise<CommandEnd> {
  const lock = await tools.store.hold(name);
  if (lock === 'busy') {
    if (context.call.flags.has('if-due')) {
      return 'done';
    }
    throw new CliError('busy', t('The schedule {0} is running already.', name));
  }
  try {
    return await runHeld(context, tools, name);
  } finally {
    await lock.release();
  }
}

/** As it is now, and after the run that has just ended. */
async function runHeld(context: Context, { store }: ScheduleTools, name: string): Promise<CommandEnd> {
  const { call, terminal, interruption } = context;
  const found = await store.read(name);
  const last = await store.lastRun(name);
  if (call.flags.has('if-due') && !isDue(found, last?.startedAt, Date.now())) {
    return 'done';
  }
  if (await store.isRunning(name, last)) {
    throw new CliError('busy', t('The schedule {0} is running already.', name));
  }
  const { signal } = interruption;
  const wish = { store, environment: process.env, signal };
  const run = await (found.to === undefined
    ? recordRun(found, wish, (done) =>
        runCheckpoints(found, { session: context.session, log: context.log, signal }, done),
      )
    : runSchedule(found, { ...wish, program: [process.execPath, resolve(process.argv[1] ?? '')] }));
  const { exitCode: code = 0, messages } = run;
  messages.forEach((message) => terminal.tell(message));
  return {
    answer: async () => {
      const [status] = (await readSchedules(store, Date.now())).schedules.filter((one) => one.schedule.name === name);
      // Its record may not be there: where the disk is full.
      const lastRun = { lastRun: run, state: stateOf(run, false) };
      return {
        schedules: status === undefined ? [] : [scheduleInfo({ ...status, ...lastRun }, true)],
      } satisfies CopiesAnswers['schedules'];
    },
    text: endedText(name, run),
    exit: code,
  };
}

async function listSchedules({ terminal }: Context, { store, scheduler }: ScheduleTools): Promise<CommandAnswer> {
  const { found: rows, unreadable } = await readInstalled(store, scheduler);
  unreadable.forEach((name) => terminal.tell(failureText(scheduleFailure('unreadable', { about: name })).sentence));
  return {
    answer: {
      schedules: rows.map(({ status, installed }) => scheduleInfo(status, installed)),
    } satisfies CopiesAnswers['schedules'],
    text: rows.length === 0 ? [{ beside: t('There are no schedules.') }] : listText(rows),
  };
}

function listText(rows: readonly InstalledStatus[]): readonly TextPart[] {
  const titles = [t('Name'), t('VM'), t('Target'), t('Every'), t('Last run'), t('Result'), t('Next run')];
  return [
    {
      columns: titles.map((title, at) => ({ title, rank: at === 2 ? 1 : 0 })),
      rows: rows.map(({ status: { schedule: one, lastRun, state, nextAt } }) => [
        one.name,
        one.vms.length === 0 ? datesText() : displayLine(one.system ?? one.vms.join(', ')),
        displayLine(toText(one.to)),
        one.every,
        lastRun === undefined ? '' : fullTime(lastRun.startedAt),
        stateText(state),
        nextAt === undefined ? '' : fullTime(nextAt),
      ]),
    },
    ...rows.flatMap(({ status: { schedule: one, lastRun, missedAt }, installed }) =>
      [
        ...(lastRun?.messages.map((message) => `${one.name}: ${displayLine(message, 2_000)}`) ?? []),
        ...(installed ? [] : [lostText(one.name, one.by)]),
        ...(installed && missedAt !== undefined ? [missedText(one.name, missedAt)] : []),
      ].map((beside) => ({ beside })),
    ),
  ];
}

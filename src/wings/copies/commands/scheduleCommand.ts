// `virt-rewind schedule`: backups by the clock, and what became of them.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { findProgram, isProgram } from '../../../base/findProgram.js';
import { runHere } from '../../../base/hostProgram.js';
import { countOf } from '../../../cli/arguments.js';
import { CliError } from '../../../cli/commandError.js';
import type { Call, CommandHandler, Context } from '../../../cli/context.js';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import type { VmView } from '../../../live/views.js';
import { requireSetOptions, requireVmsOrSystem, wantedVms } from './backUpSetCommand.js';
import { ruleOf } from './backupsCommand.js';
import { scheduleInfo } from '../copiesInfos.js';
import { mostCheckpoints, requireText, requireWholePath, saying } from './copiesCommand.js';
import { loginOfHost } from '../readCopies.js';
import { requireFitting, requireUnasked } from './protectedCommand.js';
import { Scheduler } from '../schedules/installSchedule.js';
import { withoutPassword } from '../repository/repositoryAddress.js';
import { Restic, ResticFault } from '../repository/restic.js';
import { runOwn } from '../schedules/runSchedule.js';
import { isRuledTwice, type Schedule, ScheduleFault, scheduleName, scheduleShape } from '../schedules/schedule.js';
import { writeScript } from '../schedules/scheduleFiles.js';
import { readSchedules, ScheduleStore } from '../schedules/scheduleStore.js';
import { scheduleFaultText } from '../schedules/scheduleText.js';
import { listSchedules, removeSchedule, runNow, type ScheduleTools } from './scheduleListCommand.js';
import { parseAs } from '../../../journal/json.js';
import type { CopiesAnswers } from './answers.js';

const endLoginMs = 5_000;

export const schedule: CommandHandler = async (context) => {
  const { call, log } = context;
  const { remove, run } = call.texts;
  const tools = {
    store: new ScheduleStore(sessionFolder(process.env), log),
    scheduler: new Scheduler(process.env),
  };
  try {
    if (run !== undefined) {
      return await runNow(context, tools, run);
    }
    if (remove !== undefined) {
      await removeSchedule(context, tools, remove);
    } else if (call.operands.length > 0 || call.texts['system'] !== undefined) {
      return await addSchedule(context, tools);
    } else {
      await listSchedules(context, tools);
    }
    return 'done';
  } catch (error) {
    if (error instanceof ScheduleFault) {
      const { kind } = error;
      const isFailure = kind === 'notInstalled' || kind === 'notRemoved' || kind === 'unreadable';
      throw new CliError(kind === 'unknown' ? 'notFound' : isFailure ? 'failed' : 'refused', scheduleFaultText(error));
    }
    throw error;
  }
};

/** What a run has of the environment of today: systemd and cron start programs with almost none. */
const keptVariables = [
  ...['HOME', 'PATH', 'LANG', 'LC_ALL', 'TZ', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'TMPDIR'],
  ...['LIBVIRT_DEFAULT_URI', 'VIRT_REWIND_STATE', 'ELECTRON_RUN_AS_NODE'],
  ...['RESTIC_PASSWORD_FILE', 'RESTIC_PASSWORD_COMMAND', 'RESTIC_CACHE_DIR'],
];

async function addSchedule(context: Context, { store, scheduler }: ScheduleTools): Promise<'done'> {
  const { call, session, terminal, json, interruption } = context;
  const [to, every] = [requireText(context, 'to'), requireText(context, 'every')];
  const { connect: named, as: given, system, 'password-file': passwordFile, 'on-failure': onFailure } = call.texts;
  requireVmsOrSystem(call);
  if (system !== undefined) {
    requireSetOptions(call);
  }
  requireFitting(call);
  const { find } = await wantedVms(context);
  const views: VmView[] = [];
  for (const [, view] of find) {
    const found = await view();
    requireUnasked(context, found);
    views.push(found);
  }
  const environment = Object.fromEntries(
    keptVariables.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, name === 'RESTIC_PASSWORD_FILE' ? resolve(value) : value]];
    }),
  );
  const target = /^[a-z\d]+:/u.test(to) ? to : resolve(to);
  const [first] = views;
  const login = await (system === undefined || first === undefined
    ? loginOfHost(context.session)
    : session.engine.hostLogin(first.ref));
  const isFarAway = login !== undefined;
  // A system knows where its VMs are, and its backups are on their host.
  const connect = named ?? (isFarAway && system !== undefined ? first?.ref.connection : undefined);
  if (isFarAway && target !== to) {
    requireWholePath('to', to);
  }
  if (onFailure !== undefined && !(onFailure.startsWith('/') && (await isProgram(onFailure)))) {
    throw new ScheduleFault('badProgram', onFailure);
  }
  // With what a run will have: the repository is there, and its key opens it.
  const { signal } = interruption;
  if (passwordFile !== undefined && (await undefinedIfAbsent(stat(passwordFile)))?.isFIFO() === true) {
    // It would not be there for a run.
    await saying(target, '', () => Promise.reject(new ResticFault('noKeyFile', resolve(passwordFile))));
  }
  if (isFarAway) {
    await requireRun({ connect, passwordFile }, { to: target, environment, signal });
  } else {
    await saying(target, '', async () => {
      await (await Restic.open(target, { environment, signal, passwordFile })).snapshots([]);
    });
  }
  const made = parseAs(scheduleShape, {
    name: given ?? scheduleName(system ?? call.operands[0] ?? '', every),
    vms: system === undefined ? [...call.operands] : views.map(({ vm }) => vm.name),
    refs: views.map(({ ref: { connection, uuid } }) => ({ connection, uuid })),
    ...(system !== undefined && { system }),
    ...{ to: target, every, keep: ruleOf(call), by: await scheduler.choose(every), madeAt: Date.now() },
    ...(call.flags.has('checkpoint') && { checkpoint: checkpointOf(call) }),
    ...(connect !== undefined && { connect }),
    ...(passwordFile !== undefined && { passwordFile: resolve(passwordFile) }),
    ...(onFailure !== undefined && { onFailure }),
  });
  if (made === undefined) {
    throw new ScheduleFault('badName', given ?? '');
  }
  const { schedules: others } = await readSchedules(store, Date.now());
  const twin = others.find((other) => isRuledTwice(made, other.schedule));
  if (twin !== undefined) {
    throw new ScheduleFault('ruledTwice', twin.schedule.name);
  }
  const launch = { node: process.execPath, program: resolve(process.argv[1] ?? ''), environment };
  await store.add(made, writeScript(made, launch));
  try {
    await scheduler.install(made, store.scriptOf(made.name));
  } catch (error) {
    await store.remove(made.name);
    throw error;
  }
  const { schedules } = await readSchedules(store, Date.now(), (...of) => scheduler.nextAfter(...of));
  const status = schedules.find((one) => one.schedule.name === made.name);
  if (json !== undefined) {
    json({ schedules: status === undefined ? [] : [scheduleInfo(status, true)] } satisfies CopiesAnswers['schedules']);
    return 'done';
  }
  const next = status?.nextAt === undefined ? '' : fullTime(status.nextAt);
  terminal.say(t('Added the schedule {0} ({1}). Next run: {2}.', made.name, made.by, next));
  if (made.by === 'systemd' && process.geteuid?.() !== 0 && !isLingering()) {
    terminal.tell(t('It runs while you are logged in. To run it always: {0}.', 'loginctl enable-linger'));
  }
  return 'done';
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

function isLingering(): boolean {
  return existsSync(`/var/lib/systemd/linger/${userInfo().username}`);
}

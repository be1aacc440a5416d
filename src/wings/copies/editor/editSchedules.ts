// Backup Schedules…: lists them, adds one, runs it, changes it and removes it. The command line in a process of its own
// adds them: it tries what a run will have.
import { createHash } from 'node:crypto';
import * as promises from 'node:fs/promises';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import type { Log } from '../../../base/log.js';
import { ownFolder } from '../../../journal/durable.js';
import type { ScheduleInfo } from '../../../session/publicTypes.js';
import { bytesText } from '../../../text/bytesText.js';
import { argumentsOf } from '../../../ui/commands/commandArguments.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { distinctVms, targetVms } from '../../../ui/commands/targets.js';
import { CommandError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { askModal, notify } from '../../../ui/prompts/notify.js';
import { type Choice, pick } from '../../../ui/prompts/pickTarget.js';
import { isFor } from '../backupsOfVm.js';
import { readInstalled } from '../readCopies.js';
import { requireRepository } from '../repository/backUp.js';
import { withoutPassword } from '../repository/repositoryAddress.js';
import { Scheduler } from '../schedules/installSchedule.js';
import { runOwn } from '../schedules/runSchedule.js';
import { type Schedule, scheduleName, type ScheduleStatus } from '../schedules/schedule.js';
import { everyText, scheduleLine, toText } from '../schedules/scheduleNews.js';
import { ScheduleStore } from '../schedules/scheduleStore.js';
import { lingerLines } from '../schedules/scheduleText.js';
import { runDueSchedules } from './runDue.js';
import { askRule, ruleWords } from './askRule.js';
import { openBackupHost } from './backupHost.js';
import { openTarget, type OpenedTarget, pickRepository } from './backupTarget.js';
import { type BackedUpVms, membersOf, nameOf, requireOneHost } from './backUpVms.js';
import { whileTold } from './copiesErrors.js';
import { backupsChanged } from './knownBackups.js';
import { folderOfSchedules, runScheduleNow } from './schedulesHere.js';
import { scheduleFailure } from '../schedules/scheduleFailure.js';
import { failureText } from '../../../text/failures/failureText.js';

export async function showSchedules(run: CommandRun): Promise<unknown> {
  const { call } = run;
  const isNamed = call.kind === 'rows' ? distinctVms(call.rows).length > 0 : argumentsOf(call).vm !== undefined;
  return list(run, isNamed ? { views: await targetVms(run) } : undefined);
}

/** Those of its VMs, and a new one for all of them. */
export async function scheduleSystem(run: CommandRun): Promise<unknown> {
  return list(run, await membersOf(run));
}

async function list(run: CommandRun, named: BackedUpVms | undefined): Promise<unknown> {
  const now = Date.now();
  const store = new ScheduleStore(folderOfSchedules, run.log);
  const { found, unreadable } = await readInstalled(store, new Scheduler(process.env));
  const all = found.map(({ status }) => status);
  const own = named === undefined ? all : all.filter((one) => named.views.some((view) => isFor(one, view)));
  const lines: readonly Choice<ScheduleStatus | string | undefined>[] = [
    { label: t('Add Schedule…'), icon: 'add', value: undefined },
    ...found
      .filter(({ status }) => own.includes(status))
      .map(({ status, installed }) => ({
        ...scheduleLine(status, now, installed),
        group: costText(status, all),
        value: status,
      })),
    ...(named === undefined ? unreadable : []).map((name) => ({
      label: name,
      icon: 'warning',
      detail: failureText(scheduleFailure('unreadable', { about: name })).sentence,
      value: name,
    })),
  ];
  const title = named === undefined ? run.title : titleOf(named);
  const placeHolder = own.length === 0 ? t('There are no schedules.') : t('Schedules');
  const picked = await pick(lines, placeHolder, title);
  if (picked === undefined) {
    return add(run, named ?? { views: await targetVms(run) });
  }
  return typeof picked === 'string' ? remove(run, picked) : actOn(run, picked);
}

/** The repository, and what was measured at the end of the last run of any schedule of it. */
function costText({ schedule: { to } }: ScheduleStatus, all: readonly ScheduleStatus[]): string {
  const runs = all.flatMap(({ schedule, lastRun }) =>
    to !== undefined && schedule.to === to && lastRun ? [lastRun] : [],
  );
  const measured = runs.filter(({ repositoryBytes }) => repositoryBytes !== undefined);
  const [newest] = measured.toSorted((one, other) => other.startedAt - one.startedAt);
  const shown = displayLine(toText(to));
  return newest === undefined ? shown : `${shown} · ${t('{0} in all', bytesText(newest.repositoryBytes ?? 0))}`;
}

/** @returns what was done with it */
export async function actOn(run: CommandRun, status: ScheduleStatus): Promise<unknown> {
  const { schedule } = status;
  const { name, to, refs = [] } = schedule;
  const act = await pick<() => unknown>(
    [
      {
        label: t('Run Now'),
        icon: 'play',
        value: () => {
          runScheduleNow(name, run.log);
          return { begun: name };
        },
      },
      ...(schedule.vms.length === 0
        ? []
        : [
            {
              label: t('Edit…'),
              icon: 'edit',
              description: everyText(schedule.every),
              value: () => edit(run, schedule),
            },
          ]),
      ...(to === undefined
        ? []
        : [
            {
              label: t('Show Backups…'),
              icon: 'list-unordered',
              description: displayLine(withoutPassword(to)),
              value: () =>
                vscode.commands.executeCommand('virtRewind.showBackups', {
                  vm: refs[0]?.uuid,
                  connection: refs[0]?.connection,
                }),
            },
          ]),
      { label: t('Remove'), icon: 'trash', value: () => remove(run, name) },
    ],
    name,
  );
  return act();
}

function titleOf(named: BackedUpVms): string {
  return t('Schedules of {0}', displayLine(nameOf(named)));
}

async function add(run: CommandRun, named: BackedUpVms): Promise<unknown> {
  const { views, system } = named;
  const title = titleOf(named);
  const scheduler = new Scheduler(process.env);
  if (folderOfSchedules === '') {
    throw scheduleFailure('noScheduler', { about: 'HOME' });
  }
  await scheduler.choose('day');
  const { connection } = requireOneHost(views).ref;
  const isBackup = await pick(
    [
      { label: t('Back Up…'), icon: 'archive', value: true },
      {
        label: t('Take Snapshots'),
        icon: 'device-camera',
        detail: t('Its rule deletes old ones of it.'),
        value: false,
      },
    ],
    t('What is done by the clock?'),
    title,
  );
  const names = await new ScheduleStore(folderOfSchedules, run.log).names();
  const which = system === undefined ? ['--', ...views.map(({ vm }) => vm.name)] : [];
  const nameFor = (every: string): string =>
    freeName(scheduleName(system?.system.name ?? views[0].vm.name, every), names);
  if (!isBackup) {
    const rule = await askRule(title, scheduler, 'snapshots');
    const where = system === undefined ? `--connect=${connection}` : `--system=${system.system.name}`;
    return put(run.log, undefined, [`--as=${nameFor(rule.every)}`, where, ...ruleWords(rule), ...which], false);
  }
  const host = await openBackupHost(run.engine, connection);
  const vms = views.map(({ vm }) => vm);
  const opened = await openTarget(run, host, await pickRepository({ ...run, title }, host), vms);
  let key: KeyFile | undefined;
  try {
    const rule = await askRule(title, scheduler, system === undefined ? 'vms' : 'system');
    key = await keyFileOf(opened);
    if (opened.isNew) {
      await whileTold(t('Reading {0}', opened.shown), opened, async (signal) =>
        requireRepository(await opened.open(signal), true, vms),
      );
    }
    const words = [
      ...['--as', nameFor(rule.every)],
      ...(system === undefined ? [`--connect=${connection}`] : [`--system=${system.system.name}`]),
      `--password-file=${key.file}`,
    ];
    return await put(run.log, opened.repository, [...words, ...ruleWords(rule), ...which], false);
  } catch (error) {
    await key?.drop?.();
    await opened.dropKey?.();
    throw error;
  }
}

async function edit(run: CommandRun, schedule: Schedule): Promise<unknown> {
  const { name, vms, refs = [], system, connect, passwordFile, onFailure, to } = schedule;
  const rule = await askRule(name, new Scheduler(process.env), kindOf(schedule), schedule);
  const nowCalled = vms.map((vm, at) => (refs[at] && run.engine.findVm(refs[at])?.vm.name) ?? vm);
  const options = { connect, system, 'password-file': passwordFile, 'on-failure': onFailure };
  const kept = Object.entries(options).flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option}=${value}`],
  );
  const which = system === undefined ? ['--', ...nowCalled] : [];
  return put(run.log, to, [`--as=${name}`, '--replace', ...kept, ...ruleWords(rule), ...which], true);
}

function kindOf({ to, system }: Schedule): Parameters<typeof askRule>[2] {
  return to === undefined ? 'snapshots' : system === undefined ? 'vms' : 'system';
}

async function remove(run: CommandRun, name: string): Promise<unknown> {
  const button = t('Remove');
  const question = t('Remove the schedule {0}?', displayLine(name));
  requireAnswer(await askModal('warning', question, t('Its backups and snapshots stay.'), button));
  const store = new ScheduleStore(folderOfSchedules, run.log);
  const passwordFile = (await store.read(name).catch(() => undefined))?.passwordFile;
  await commandLine([`--remove=${name}`], name);
  backupsChanged.fire();
  const others = await Promise.all((await store.names()).map((one) => store.read(one).catch(() => ({ passwordFile }))));
  // Ours, and no other one needs it, as far as that can be read.
  if (
    passwordFile !== undefined &&
    dirname(passwordFile) === keys &&
    !others.some((one) => one.passwordFile === passwordFile)
  ) {
    await rm(passwordFile, { force: true });
  }
  return { removed: name };
}

const keys = join(folderOfSchedules, 'keys');

interface KeyFile {
  readonly file: string;
  /** Absent: it was there before. */
  readonly drop?: () => Promise<void>;
}

/** The editor's own is written into one, as somebody wants: a run has no editor to ask. */
async function keyFileOf({ secret: { key = '', file }, shown, repository }: OpenedTarget): Promise<KeyFile> {
  if (file !== undefined) {
    return { file };
  }
  const path = join(keys, createHash('sha256').update(`${shown} ${repository}`).digest('hex').slice(0, 16));
  const before = await undefinedIfAbsent(readFile(path, 'utf8'));
  if (before === `${key}\n`) {
    return { file: path };
  }
  const button = t('Keep It in a File');
  const detail = t('A schedule runs without the editor. It reads the key from {0}, which only you may read.', path);
  requireAnswer(await askModal('info', t('Keep the key of {0} in a file?', shown), detail, button));
  await ownFolder(promises, keys);
  await writeFile(path, `${key}\n`, { mode: 0o600 });
  await chmod(path, 0o600);
  return { file: path, ...(before === undefined && { drop: () => rm(path, { force: true }) }) };
}

async function put(log: Log, to: string | undefined, words: readonly string[], isChange: boolean): Promise<unknown> {
  const target = to === undefined ? [] : [`--to=${withoutPassword(to)}`];
  const answer = await commandLine([...target, ...words], to ?? words[0] ?? '');
  const [info] = (answer as { readonly schedules: readonly ScheduleInfo[] }).schedules;
  backupsChanged.fire();
  if (info === undefined) {
    return {};
  }
  const { name, by, nextAt } = info;
  runDueSchedules(log);
  const next = nextAt === undefined ? '' : fullTime(Date.parse(nextAt));
  const done = isChange
    ? t('Changed the schedule {0}. Next run: {1}.', name, next)
    : t('Added the schedule {0} ({1}). Next run: {2}.', name, by, next);
  const lines = [done, ...lingerLines(by)];
  void notify('info', lines.join(' '));
  return { schedule: name };
}

/** @param about a repository, or a schedule. @throws CommandError with what it says */
async function commandLine(words: readonly string[], about: string): Promise<unknown> {
  const { extensionPath = '' } = vscode.extensions.getExtension('virt-rewind.virt-rewind') ?? {};
  const shown = displayLine(withoutPassword(about));
  return whileTold(t('Reading {0}', shown), { shown }, async (signal) => {
    const { code, answer, message } = await runOwn(['schedule', '--json', ...words], {
      program: [process.execPath, join(extensionPath, 'dist', 'commandLine.js')],
      environment: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      ...{ signal, repository: about },
    });
    signal.throwIfAborted();
    if (code !== 0) {
      throw new CommandError('failed', displayLine(message, 2_000));
    }
    return answer;
  });
}

function freeName(wanted: string, taken: readonly string[]): string {
  let name = wanted;
  for (let number = 2; taken.includes(name); number += 1) {
    name = `${wanted.slice(0, 36)}-${number}`;
  }
  return name;
}

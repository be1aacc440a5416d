// Runs a schedule now: the commands that a person would type, one after the other, and writes down how they ended.
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { t } from '@vscode/l10n';
import * as v from 'valibot';
import { runHere } from '../../../base/hostProgram.js';
import { findProgram } from '../../../base/findProgram.js';
import { displayLine } from '../../../domain/plainText.js';
import { parseAs, parseSoundJson } from '../../../journal/json.js';
import { thisWriter } from '../../../journal/writer.js';
import { withoutPassword } from '../repository/repositoryAddress.js';
import { keepPeriods } from '../repository/pruneBackups.js';
import { isTold, mostMessages, type Schedule, type ScheduledRun } from './schedule.js';
import type { ScheduleStore } from './scheduleStore.js';

interface RunWish {
  readonly store: ScheduleStore;
  /** This command line, as its words begin. */
  readonly program: readonly [node: string, file: string];
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** The exit codes where another program uses the VM or the repository, and after Ctrl+C. */
const [busy, cancelled] = [8, 130];
export const [busyRetryMs, busyMs] = [30_000, 3_600_000];
const noticeMs = 60_000;
const mostAnswer = 1024 * 1024;
const mostMessage = 2_000;

/** How a run stands: what it did is added to. */
export interface RunDone {
  exitCode: number;
  readonly messages: string[];
  readonly backups: string[];
  readonly vms: string[];
  deleted: number;
  snapshots?: number;
  repositoryBytes?: number;
}

export function runSchedule(schedule: Schedule, wish: RunWish): Promise<ScheduledRun> {
  return recordRun(schedule, wish, (done) => backUpAll(schedule, wish, done));
}

/**
 * Its record is there from the beginning: what is killed has no end in it. Where that cannot be written, as on a full
 * disk, the work is tried anyway, and the run counts as failed.
 */
export async function recordRun(
  schedule: Schedule,
  { store, environment, signal }: Pick<RunWish, 'store' | 'environment' | 'signal'>,
  work: (done: RunDone) => Promise<void>,
): Promise<ScheduledRun> {
  const last = await store.lastRun(schedule.name);
  const started = { startedAt: Date.now(), by: await thisWriter(), messages: [], backups: [], deleted: 0 };
  const done: RunDone = { exitCode: 0, messages: [], backups: [], vms: [], deleted: 0 };
  let isUnwritten = false;
  const record = async (value: ScheduledRun): Promise<void> => {
    try {
      await store.writeRun(schedule.name, value);
    } catch (error) {
      if (!isUnwritten) {
        const why = displayLine(error instanceof Error ? error.message : String(error), mostMessage);
        done.messages.push(t('{0} cannot be written: {1}', displayLine(store.recordOf(schedule.name)), why));
      }
      isUnwritten = true;
    }
  };
  await record(started);
  await work(done);
  if (signal.aborted) {
    done.exitCode = cancelled;
  }
  const endedAt = Date.now();
  const sum = (): ScheduledRun & { readonly exitCode: number } => {
    const messages = done.messages.slice(0, mostMessages);
    const isSame = done.exitCode !== 0 && reasonsOf(messages) === reasonsOf(last?.messages ?? []);
    const same = isSame && last !== undefined ? { sameSince: last.sameSince ?? last.startedAt } : {};
    return { ...started, ...done, messages, ...same, exitCode: done.exitCode || Number(isUnwritten), endedAt };
  };
  await record(sum());
  const ended = sum();
  if (ended.exitCode !== 0 && !signal.aborted && !isTold(schedule, ended)) {
    await tell(schedule, ended.messages.join('\n').slice(0, mostMessage), environment);
  }
  return ended;
}

/** How full a disk is may differ from run to run. */
function reasonsOf(messages: readonly string[]): string {
  return messages.join('\n').replace(/\d+(?:[.,]\d+)*/gu, '');
}

async function backUpAll(schedule: Schedule, wish: RunWish, done: RunDone): Promise<void> {
  const { signal } = wish;
  const { to: repository = '' } = schedule;
  const backedUp: v.InferOutput<typeof madeBackup>[] = [];
  const run = async (about: string, words: readonly string[]): Promise<unknown> => {
    if (signal.aborted) {
      return undefined;
    }
    const { code, answer, message } = await untilFree(words, { ...wish, repository });
    if (code !== 0 || answer === undefined) {
      done.exitCode ||= code || 1;
      const failed = parseAs(setAnswer, answer)?.failed ?? [];
      const reasons = failed.length > 0 ? failed : [{ vm: about, message }];
      done.messages.push(...reasons.map((one) => `${displayLine(one.vm)}: ${displayLine(one.message, mostMessage)}`));
    }
    return answer;
  };
  const to = withoutPassword(repository);
  const at = [...passwordWords(schedule), '--json'];
  const connect = schedule.connect === undefined ? [] : [`--connect=${schedule.connect}`];
  const { system, vms } = schedule;
  const backUp = (about: string, ...which: readonly string[]): Promise<unknown> =>
    run(about, ['backup', `--to=${to}`, ...checkpointWords(schedule), ...connect, ...at, ...which]);
  if (system !== undefined) {
    const answer = parseAs(setAnswer, await backUp(system, `--system=${system}`));
    backedUp.push(...(answer?.backups ?? []));
  }
  for (const vm of system === undefined ? vms : []) {
    const answer = parseAs(backupAnswer, await backUp(vm, '--', vm));
    backedUp.push(...(answer === undefined ? [] : [answer.backup]));
  }
  done.backups.push(...backedUp.map(({ id }) => id));
  done.vms.push(...backedUp.map(({ uuid }) => uuid));
  const keep = keepPeriods.flatMap((period) => {
    const count = schedule.keep[period];
    return count === undefined ? [] : [`--keep-${period}=${count}`];
  });
  // Prunes the backups of its VMs alone: those of others do not belong to this rule, even where only space is freed.
  const uuids = backedUp.map(({ uuid }) => uuid);
  const prune = (...free: readonly string[]): Promise<unknown> =>
    run(uuids.join(', '), [
      'backups',
      `--from=${to}`,
      ...connect,
      ...keep,
      ...at,
      '--yes',
      ...free,
      '--',
      'prune',
      ...uuids,
    ]);
  if (keep.length > 0 && uuids.length > 0) {
    done.deleted = parseAs(pruneAnswer, await prune())?.pruned.deleted.length ?? 0;
  }
  if (done.deleted > 0) {
    await prune('--free');
  }
  const isListed = backedUp.length > 0 && !signal.aborted;
  const listed = isListed
    ? await runOwn(['backups', `--from=${to}`, ...connect, ...at], { ...wish, repository })
    : undefined;
  const repositoryBytes = parseAs(listAnswer, listed?.answer)?.repositoryBytes;
  if (repositoryBytes !== undefined) {
    done.repositoryBytes = repositoryBytes;
  }
}

const madeBackup = v.object({ id: v.string(), uuid: v.string() });
const backupAnswer = v.object({ backup: madeBackup });
const setAnswer = v.object({
  backups: v.array(madeBackup),
  failed: v.array(v.object({ vm: v.string(), message: v.string() })),
});
const listAnswer = v.object({ repositoryBytes: v.number() });
const pruneAnswer = v.object({ pruned: v.object({ deleted: v.array(v.unknown()) }) });
const failedAnswer = v.object({ error: v.object({ message: v.string() }) });

function checkpointWords({ checkpoint }: Schedule): readonly string[] {
  return checkpoint === undefined
    ? []
    : [
        '--checkpoint',
        ...(checkpoint.kind === undefined ? [] : [`--kind=${checkpoint.kind}`]),
        ...(checkpoint.quiesce === true ? ['--quiesce'] : []),
        ...(checkpoint.keep === undefined ? [] : [`--keep-checkpoints=${checkpoint.keep}`]),
      ];
}

function passwordWords({ passwordFile }: Schedule): readonly string[] {
  return passwordFile === undefined ? [] : [`--password-file=${passwordFile}`];
}

type OwnWish = Omit<RunWish, 'store'> & {
  /** As the words name it, with its password: everybody reads those. */
  readonly repository: string;
};

interface CommandEnd {
  readonly code: number;
  readonly answer: unknown;
  readonly message: string;
}

/** Two schedules at once wait for each other. A set that was begun stays: a second one would be of another moment. */
async function untilFree(words: readonly string[], wish: OwnWish): Promise<CommandEnd> {
  const { signal } = wish;
  const until = performance.now() + busyMs;
  let ended = await runOwn(words, wish);
  while (ended.code === busy && parseAs(setAnswer, ended.answer) === undefined && performance.now() < until) {
    try {
      await delay(busyRetryMs, undefined, { signal });
    } catch {
      // The user or systemd ended it.
      break;
    }
    ended = await runOwn(words, wish);
  }
  return ended;
}

/** Without a terminal: nobody answers what it would ask. */
export function runOwn(
  words: readonly string[],
  { program: [node, file], environment, signal, repository }: OwnWish,
): Promise<CommandEnd> {
  return new Promise((resolve) => {
    // A group of its own: Ctrl+C reaches it through the signal alone.
    const child = spawn(node, [file, ...words], {
      env: { ...environment, VIRT_REWIND_REPOSITORY: repository },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const stop = (): void => void child.kill('SIGINT');
    signal.addEventListener('abort', stop);
    if (signal.aborted) {
      stop();
    }
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]
        .setEncoding('utf8')
        .on('data', (text: string) => (said[name] = (said[name] + text).slice(-mostAnswer)));
    }
    const end = (code: number, why: string): void => {
      signal.removeEventListener('abort', stop);
      // Where it is no document, what it said to people is the message.
      const answer = parseSoundJson(said.stdout);
      const message = parseAs(failedAnswer, answer)?.error.message ?? (said.stderr.trim() || why);
      resolve({ code, answer, message });
    };
    child.once('error', (error) => end(1, error.message));
    child.once('close', (code, killedBy) => end(code ?? 1, `exit code ${code ?? killedBy ?? '?'}`));
  });
}

/** systemd's journal has what we say; cron has no such place. */
async function tell({ name, by, onFailure }: Schedule, message: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const logger = by === 'cron' ? await findProgram('logger', environment) : undefined;
  const calls = [
    ...(logger === undefined
      ? []
      : [{ program: logger, args: ['-t', 'virt-rewind', '-p', 'user.err', '--', `${name}: ${message}`] }]),
    ...(onFailure === undefined ? [] : [{ program: onFailure, args: [name, message] }]),
  ];
  for (const { program, args } of calls) {
    const options = { program, args, environment, atMostMs: noticeMs };
    const { exit, said } = await runHere(options, new AbortController().signal).catch((error: unknown) => ({
      exit: undefined,
      said: String(error),
    }));
    if (exit !== 0) {
      process.stderr.write(`${program}: ${exit ?? 'stopped'} ${displayLine(said)}\n`);
    }
  }
}

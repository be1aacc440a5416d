// Runs the schedules that neither systemd nor cron has, while an editor is open: each once when its time has come, by
// one of all editors.
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Disposable } from '../../../base/disposable.js';
import type { Log } from '../../../base/log.js';
import { runOwn } from '../schedules/runSchedule.js';
import { isDue } from '../schedules/schedule.js';
import { readSchedules, ScheduleStore } from '../schedules/scheduleStore.js';
import { backupsChanged } from './knownBackups.js';
import { folderOfSchedules } from './schedulesHere.js';

const [leastMs, mostMs] = [60_000, 3_600_000];

let begun: Disposable | undefined;

/** Looks at once, whenever a schedule changed here, and when the next one is due. Once for all who ask. */
export function runDueSchedules(log: Log): Disposable {
  begun ??= beginToLook(log);
  return begun;
}

function beginToLook(log: Log): Disposable {
  const over = new AbortController();
  let next: NodeJS.Timeout | undefined;
  const look = (): void => {
    clearTimeout(next);
    const wait = (ms: number): void => {
      clearTimeout(next);
      next = over.signal.aborted ? undefined : setTimeout(look, ms).unref();
    };
    lookOnce(log, over.signal).then(wait, (error: unknown) => {
      log.error(String(error));
      wait(mostMs);
    });
  };
  const listening = backupsChanged.event(look);
  look();
  return {
    dispose: () => {
      begun = undefined;
      over.abort();
      clearTimeout(next);
      listening.dispose();
    },
  };
}

/** @returns milliseconds until the next look */
async function lookOnce(log: Log, signal: AbortSignal): Promise<number> {
  const now = Date.now();
  const store = new ScheduleStore(folderOfSchedules, log);
  const own = (await readSchedules(store, now)).schedules.filter(({ schedule }) => schedule.by === 'editor');
  for (const { schedule, lastRun, state } of own) {
    const { name, madeAt } = schedule;
    const isNow = isDue(schedule, lastRun?.startedAt ?? Math.min(madeAt, now), now) && state !== 'running';
    // Where it cannot even begin, not more than once an hour.
    if (isNow && (await store.claimNews(name, `run ${Math.floor(now / mostMs)}`))) {
      void run(name, log, signal);
    }
  }
  const soonest = Math.min(...own.map(({ nextAt = now + mostMs }) => nextAt - now), mostMs);
  return Math.max(soonest, leastMs);
}

/** What became of it, its record tells. */
async function run(name: string, log: Log, signal: AbortSignal): Promise<void> {
  const { extensionPath = '' } = vscode.extensions.getExtension('virt-rewind.virt-rewind') ?? {};
  const { code, message } = await runOwn(['schedule', `--run=${name}`, '--if-due', '--json'], {
    program: [process.execPath, join(extensionPath, 'dist', 'commandLine.js')],
    environment: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    ...{ signal, repository: '' },
  });
  if (code !== 0 && !signal.aborted) {
    log.warn(`The schedule ${name} ended with ${code}: ${message}`);
  }
}

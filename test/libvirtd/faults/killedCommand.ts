// Runs the command line again and again, each time ended at another of its steps.
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildProgram } from '../../../scripts/build.mjs';
import type { CopiesHost } from '../copiesRig.js';
import { type KillTask, killVariable } from './killAtStep.js';

export interface KilledCommand {
  readonly host: CopiesHost;
  /** That it reads or writes. */
  readonly repository: string;
  readonly words: () => readonly string[];
  readonly who: KillTask['who'];
  /** Absent: it is killed at each step. */
  readonly only?: RegExp;
  /** Before each run, whatever the last one has left. */
  readonly prepare: () => Promise<void>;
  /** Behind each run that was killed. Then the test runs the command again. */
  readonly requireSound: () => Promise<void>;
  readonly runAgain: () => Promise<void>;
}

/** @returns the steps that it was killed at, and what was wrong after that */
export async function killAtEach(
  command: KilledCommand,
): Promise<{ readonly steps: readonly string[]; readonly wrong: readonly string[] }> {
  const { dir } = command.host.rig.daemon;
  const preloaded = await buildProgram('test/libvirtd/faults/killAtStep.ts', await mkdtemp(join(dir, 'killing-')));
  const steps = new Set<string>();
  const wrong: string[] = [];
  const killed: string[] = [];
  const one = async (at: string | undefined): Promise<void> => {
    await command.prepare();
    const ran = await run(command, preloaded, at);
    ran.steps.forEach((step) => steps.add(step));
    if (ran.killed) {
      killed.push(at ?? '');
      await command.requireSound();
      await command.runAgain();
    } else if (at === undefined && ran.code !== 0) {
      throw new Error(`it fails without a kill: ${ran.said}`);
    }
  };
  await one(undefined);
  // Alone, it only makes a difference where something goes on.
  const { only = command.who === 'all' ? /./u : / (?:has|writes|sent)/u } = command;
  for (const step of [...steps].filter((own) => only.test(own))) {
    await one(step).catch((error: unknown) => {
      wrong.push(`${step}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    });
  }
  return { steps: killed, wrong };
}

interface Ran {
  readonly killed: boolean;
  readonly code: number | null;
  readonly said: string;
  readonly steps: readonly string[];
}

async function run({ host, repository, words, who }: KilledCommand, preloaded: string, at?: string): Promise<Ran> {
  const { dir } = host.rig.daemon;
  const [steps, processes] = [join(dir, 'steps'), join(dir, 'processes')];
  for (const file of [steps, processes]) {
    rmSync(file, { force: true });
  }
  const folder = `${dir}/`;
  const kill: KillTask = { who, steps, processes, repository, folder, ...(at !== undefined && { at }) };
  const env = { ...host.env, NODE_OPTIONS: `--import ${preloaded}`, [killVariable]: JSON.stringify(kill) };
  const ran = await new Promise<Omit<Ran, 'steps'>>((resolve) => {
    execFile(process.execPath, [host.door, ...words()], { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ killed: error?.signal === 'SIGKILL', code, said: `${stdout}${stderr}` });
    });
  });
  await areGone(readFileSync(processes, 'utf8').split('\n').filter(Boolean).map(Number));
  const reached = readFileSync(steps, 'utf8').split('\n').filter(Boolean);
  // In a process that a schedule has started: the schedule was killed too, or went on.
  return { ...ran, killed: at !== undefined && reached.includes(at), steps: reached };
}

/** Nothing tells of the end of a process that is nobody's child. */
export async function areGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    while (isThere(pid)) {
      await delay(20);
    }
  }
}

function isThere(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/u.test(stdout.trim());
}

// An editor in a process of its own that dies in the middle of an operation. Knows no fault but that.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Daemon } from '../engineRig.js';
import { childVariable, type ChildTask } from './editor.js';
import { thisBundle } from './thisBundle.mjs';

/** What the bundle finds in its environment: a `ChildTask`, or what a test knows to carry out itself. */
export type DyingTask = Omit<ChildTask, 'request' | 'usualMs'> & Partial<Pick<ChildTask, 'request' | 'usualMs'>>;

export async function inChild(task: DyingTask, { env }: Daemon): Promise<string> {
  const child = spawn(process.execPath, [thisBundle], {
    env: { ...env, [childVariable]: JSON.stringify(task) },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own, by which those that it starts are known.
    detached: true,
  });
  let words = '';
  child.stderr.on('data', (data: Buffer) => (words += data.toString()));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null && code !== 0) {
    throw new Error(`the child failed before it was to die: ${words}`);
  }
  if (child.pid !== undefined) {
    await groupIsGone(child.pid);
  }
  return signal === null ? 'done' : 'killed';
}

/**
 * A qemu-img that it had started gets its own signal when it dies, and holds the locks on its files until that has
 * arrived, which on a busy machine takes longer than the next editor. Nothing tells of the end of a process that is
 * nobody's child.
 */
async function groupIsGone(group: number): Promise<void> {
  for (;;) {
    try {
      process.kill(-group, 0);
    } catch {
      return;
    }
    await setTimeout(20);
  }
}

/** The entries of a journal that have not ended, by their folders. */
export async function leftEntries(journal: string): Promise<readonly string[]> {
  return (await readdir(journal)).filter((name) => /^[0-9a-f]{32}$/u.test(name));
}

/** What stands in the one entry of a journal becomes what a test wants it to be: its lines, parsed. */
export async function rewriteEntry(
  journal: string,
  change: (line: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const [id = ''] = await leftEntries(journal);
  const file = join(journal, id, 'plan.jsonl');
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  const changed = lines.map((line) => JSON.stringify(change(JSON.parse(line) as Record<string, unknown>)));
  await writeFile(file, changed.map((line) => `${line}\n`).join(''));
}

/** As if all in it had been written that long ago. */
export function olderBy(ms: number): (line: Record<string, unknown>) => Record<string, unknown> {
  const earlier = (at: unknown): unknown => (typeof at === 'number' ? at - ms : at);
  return (line) => ({
    ...line,
    ...('startedAt' in line ? { startedAt: earlier(line['startedAt']) } : {}),
    ...('at' in line ? { at: earlier(line['at']) } : {}),
  });
}
